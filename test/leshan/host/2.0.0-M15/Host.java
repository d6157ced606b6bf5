/** Arguments: directory of object models (unused), coap port, coaps port; port 0 is a free one. */
final class Host {
    public static void main(String[] args) throws Exception {
        Events events = new Events();
        BootstrapServer bootstrap = new BootstrapServer(events, Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        HostApi.run(null, bootstrap, events);
    }
}
