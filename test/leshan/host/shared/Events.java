import com.eclipsesource.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;

/** Everything that happens, in order, as one JSON object a line to each listener. */
final class Events {
    private final List<BlockingQueue<String>> listeners = new CopyOnWriteArrayList<>();

    synchronized void emit(String event, JsonObject data) {
        JsonObject line = new JsonObject().add("event", event).add("at", System.currentTimeMillis()).add("data", data);
        String text = line.toString() + "\n";
        for (BlockingQueue<String> listener : listeners) listener.add(text);
    }

    /** Writes events until the listener goes away; the first line is HELLO, after which none is missed. */
    void stream(OutputStream out) throws IOException, InterruptedException {
        BlockingQueue<String> queue = new LinkedBlockingQueue<>();
        queue.add("{\"event\":\"HELLO\",\"at\":" + System.currentTimeMillis() + ",\"data\":{}}\n");
        listeners.add(queue);
        try {
            while (true) {
                out.write(queue.take().getBytes(StandardCharsets.UTF_8));
                if (queue.isEmpty()) out.flush();
            }
        } finally {
            listeners.remove(queue);
        }
    }
}
