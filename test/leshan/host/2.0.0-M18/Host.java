import java.io.File;

/** Arguments: directory of object models, coap port, coaps port; port 0 is a free one. */
final class Host {
    public static void main(String[] args) throws Exception {
        Events events = new Events();
        LwM2mServer server = new LwM2mServer(events, new File(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        HostApi.run(server, null, events);
    }
}
