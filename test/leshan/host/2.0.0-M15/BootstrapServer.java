import com.eclipsesource.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.californium.core.coap.Option;
import org.eclipse.californium.core.network.Endpoint;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.peer.LwM2mPeer;
import org.eclipse.leshan.core.peer.OscoreIdentity;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.BootstrapSessionListener;
import org.eclipse.leshan.server.bootstrap.InMemoryBootstrapConfigStore;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.CaliforniumBootstrapServerEndpointsProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coap.CoapBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coaps.CoapsBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.security.BootstrapSecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/** A Leshan 2.0.0-M15 Bootstrap-Server on loopback. */
final class BootstrapServer implements BootstrapSide {
    private final InMemoryBootstrapConfigStore configs = new InMemoryBootstrapConfigStore();
    private final Credentials credentials = new Credentials();
    private final CaliforniumBootstrapServerEndpointsProvider endpoints;

    BootstrapServer(Events events, InetAddress address, int coapPort, int coapsPort) {
        endpoints = new CaliforniumBootstrapServerEndpointsProvider.Builder(
                new CoapBootstrapServerProtocolProvider(), new CoapsBootstrapServerProtocolProvider())
            .addEndpoint(new InetSocketAddress(address, coapPort), Protocol.COAP)
            .addEndpoint(new InetSocketAddress(address, coapsPort), Protocol.COAPS)
            .build();
        LeshanBootstrapServer leshan = new LeshanBootstrapServerBuilder()
            .setEndpointsProviders(endpoints)
            .setConfigStore(configs)
            .setSecurityStore(credentials)
            .build();
        leshan.addListener(new Sessions(events));
        leshan.start();
        for (Endpoint endpoint : endpoints.getCoapServer().getEndpoints()) {
            endpoint.addInterceptor(new CoapLog(events, "bootstrap", isSecure(endpoint), Option::getValue));
        }
    }

    private static boolean isSecure(Endpoint endpoint) {
        return "coaps".equals(endpoint.getUri().getScheme());
    }

    private int port(boolean secure) {
        for (Endpoint endpoint : endpoints.getCoapServer().getEndpoints()) {
            if (isSecure(endpoint) == secure) return endpoint.getAddress().getPort();
        }
        throw new IllegalStateException("no endpoint");
    }

    @Override public int coapPort() { return port(false); }

    @Override public int coapsPort() { return port(true); }

    @Override public void addPsk(String endpoint, String identity, byte[] key) {
        credentials.byEndpoint.put(endpoint, SecurityInfo.newPreSharedKeyInfo(endpoint, identity, key));
    }

    @Override public void removeSecurity(String endpoint) {
        credentials.byEndpoint.remove(endpoint);
    }

    @Override public void addConfig(String endpoint, JsonObject config) throws Exception {
        configs.add(endpoint, Configs.fromJson(config));
    }

    @Override public void removeConfig(String endpoint) {
        configs.remove(endpoint);
    }

    private static final class Credentials implements BootstrapSecurityStore {
        private final Map<String, SecurityInfo> byEndpoint = new ConcurrentHashMap<>();

        @Override public Iterator<SecurityInfo> getAllByEndpoint(String endpoint) {
            SecurityInfo info = byEndpoint.get(endpoint);
            return info == null ? null : Collections.singletonList(info).iterator();
        }

        @Override public SecurityInfo getByIdentity(String identity) {
            for (SecurityInfo info : byEndpoint.values()) if (info.getPskIdentity().equals(identity)) return info;
            return null;
        }

        @Override public SecurityInfo getByOscoreIdentity(OscoreIdentity identity) {
            return null;
        }
    }

    private static final class Sessions implements BootstrapSessionListener {
        private final Events events;

        Sessions(Events events) {
            this.events = events;
        }

        private void tell(String endpoint, String state, String detail) {
            JsonObject data = new JsonObject().add("endpoint", String.valueOf(endpoint)).add("state", state);
            events.emit("BSSESSION", detail == null ? data : data.add("detail", detail));
        }

        @Override public void sessionInitiated(BootstrapRequest request, LwM2mPeer client) { tell(request.getEndpointName(), "initiated", null); }

        @Override public void unAuthorized(BootstrapRequest request, LwM2mPeer client) { tell(request.getEndpointName(), "unauthorized", null); }

        @Override public void authorized(BootstrapSession session) { tell(session.getEndpoint(), "authorized", null); }

        @Override public void noConfig(BootstrapSession session) { tell(session.getEndpoint(), "noConfig", null); }

        @Override public void sendRequest(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request) { }

        @Override public void onResponseSuccess(
            BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse response) { }

        @Override public void onResponseError(
            BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse response) {
            tell(session.getEndpoint(), "refused", request.getPath() + " " + response.getCode());
        }

        @Override public void onRequestFailure(
            BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request, Throwable cause) {
            tell(session.getEndpoint(), "requestFailed", String.valueOf(cause));
        }

        @Override public void end(BootstrapSession session) { tell(session.getEndpoint(), "finished", null); }

        @Override public void failed(BootstrapSession session, BootstrapFailureCause cause) {
            tell(session.getEndpoint(), "failed", String.valueOf(cause));
        }
    }
}
