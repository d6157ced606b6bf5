import java.io.File;

/** Arguments: directory of object models, coap port, coaps port of the Server, of the Bootstrap-Server; port 0 is a free one. */
final class Host {
    public static void main(String[] args) throws Exception {
        Events events = new Events();
        LwM2mServer server = new LwM2mServer(events, new File(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        BootstrapServer bootstrap = new BootstrapServer(events, Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        HostApi.run(server, bootstrap, events);
    }
}
