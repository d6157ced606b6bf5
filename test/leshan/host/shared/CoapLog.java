import com.eclipsesource.json.JsonArray;
import com.eclipsesource.json.JsonObject;
import java.net.InetSocketAddress;
import java.util.function.Function;
import org.eclipse.californium.core.coap.EmptyMessage;
import org.eclipse.californium.core.coap.Message;
import org.eclipse.californium.core.coap.Option;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.californium.core.network.interceptors.MessageInterceptor;

/** Tells every CoAP message, duplicates and retransmissions too, as a COAPLOG event. */
final class CoapLog implements MessageInterceptor {
    private final Events events;
    private final String side;
    private final boolean secure;
    private final Function<Option, byte[]> valueOf;

    CoapLog(Events events, String side, boolean secure, Function<Option, byte[]> valueOf) {
        this.events = events;
        this.side = side;
        this.secure = secure;
        this.valueOf = valueOf;
    }

    private void tell(String direction, Message message, InetSocketAddress peer) {
        JsonArray options = new JsonArray();
        for (Option option : message.getOptions().asSortedList()) {
            options.add(new JsonObject().add("number", option.getNumber()).add("value", Hex.encode(valueOf.apply(option))));
        }
        int code = message.getRawCode();
        events.emit("COAPLOG", new JsonObject()
            .add("side", side)
            .add("secure", secure)
            .add("direction", direction)
            .add("peer", peer == null ? "" : peer.getAddress().getHostAddress() + ":" + peer.getPort())
            .add("type", String.valueOf(message.getType()))
            .add("code", (code >> 5) + "." + String.format("%02d", code & 31))
            .add("messageId", message.getMID())
            .add("token", Hex.encode(message.getTokenBytes()))
            .add("options", options)
            .add("payload", Hex.encode(message.getPayload())));
    }

    private void sent(Message message) {
        tell("sent", message, message.getDestinationContext() == null ? null : message.getDestinationContext().getPeerAddress());
    }

    private void received(Message message) {
        tell("received", message, message.getSourceContext() == null ? null : message.getSourceContext().getPeerAddress());
    }

    @Override public void sendRequest(Request request) { sent(request); }

    @Override public void sendResponse(Response response) { sent(response); }

    @Override public void sendEmptyMessage(EmptyMessage message) { sent(message); }

    @Override public void receiveRequest(Request request) { received(request); }

    @Override public void receiveResponse(Response response) { received(response); }

    @Override public void receiveEmptyMessage(EmptyMessage message) { received(message); }
}
