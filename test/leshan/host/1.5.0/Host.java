import java.io.File;
import java.net.InetAddress;

/** Arguments: directory of object models, address, coap port, coaps port of the Server, of the Bootstrap-Server; port 0 is a free one. */
final class Host {
    public static void main(String[] args) throws Exception {
        Events events = new Events();
        InetAddress address = InetAddress.getByName(args[1]);
        LwM2mServer server = new LwM2mServer(events, new File(args[0]), address, Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        BootstrapServer bootstrap = new BootstrapServer(events, address, Integer.parseInt(args[4]), Integer.parseInt(args[5]));
        HostApi.run(server, bootstrap, events);
    }
}
