import java.net.InetAddress;

/** Arguments: directory of object models (unused), address, coap port, coaps port; port 0 is a free one. */
final class Host {
    public static void main(String[] args) throws Exception {
        Events events = new Events();
        InetAddress address = InetAddress.getByName(args[1]);
        BootstrapServer bootstrap = new BootstrapServer(events, address, Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        HostApi.run(null, bootstrap, events);
    }
}
