import com.eclipsesource.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.californium.core.coap.Option;
import org.eclipse.californium.core.network.Endpoint;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.DownlinkRequest;
import org.eclipse.leshan.core.request.Identity;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.DefaultBootstrapSessionManager;
import org.eclipse.leshan.server.bootstrap.InMemoryBootstrapConfigStore;
import org.eclipse.leshan.server.californium.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.californium.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.security.BootstrapSecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/** A Leshan 1.5.0 Bootstrap-Server on loopback. */
final class BootstrapServer implements BootstrapSide {
    private final InMemoryBootstrapConfigStore configs = new InMemoryBootstrapConfigStore();
    private final Credentials credentials = new Credentials();
    private final LeshanBootstrapServer leshan;

    BootstrapServer(Events events, InetAddress address, int coapPort, int coapsPort) {
        leshan = new LeshanBootstrapServerBuilder()
            .setLocalAddress(new InetSocketAddress(address, coapPort))
            .setLocalSecureAddress(new InetSocketAddress(address, coapsPort))
            .setConfigStore(configs)
            .setSecurityStore(credentials)
            .setSessionManager(new Sessions(events, credentials))
            .build();
        leshan.start();
        for (Endpoint endpoint : leshan.coap().getServer().getEndpoints()) {
            endpoint.addInterceptor(new CoapLog(events, "bootstrap", isSecure(endpoint), Option::getValue));
        }
    }

    private static boolean isSecure(Endpoint endpoint) {
        return "coaps".equals(endpoint.getUri().getScheme());
    }

    private int port(boolean secure) {
        for (Endpoint endpoint : leshan.coap().getServer().getEndpoints()) {
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

        @Override public List<SecurityInfo> getAllByEndpoint(String endpoint) {
            SecurityInfo info = byEndpoint.get(endpoint);
            return info == null ? null : Collections.singletonList(info);
        }

        @Override public SecurityInfo getByIdentity(String identity) {
            for (SecurityInfo info : byEndpoint.values()) if (info.getIdentity().equals(identity)) return info;
            return null;
        }
    }

    /** 1.5.0 has no session listener, so the session manager tells. */
    private static final class Sessions extends DefaultBootstrapSessionManager {
        private final Events events;

        Sessions(Events events, BootstrapSecurityStore credentials) {
            super(credentials);
            this.events = events;
        }

        private void tell(String endpoint, String state, String detail) {
            JsonObject data = new JsonObject().add("endpoint", String.valueOf(endpoint)).add("state", state);
            events.emit("BSSESSION", detail == null ? data : data.add("detail", detail));
        }

        @Override public BootstrapSession begin(BootstrapRequest request, Identity client) {
            tell(request.getEndpointName(), "initiated", null);
            BootstrapSession session = super.begin(request, client);
            tell(session.getEndpoint(), session.isAuthorized() ? "authorized" : "unauthorized", null);
            return session;
        }

        @Override public BootstrapPolicy onResponseError(
            BootstrapSession session, DownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse response) {
            tell(session.getEndpoint(), "refused", request.getPath() + " " + response.getCode());
            return super.onResponseError(session, request, response);
        }

        @Override public BootstrapPolicy onRequestFailure(
            BootstrapSession session, DownlinkRequest<? extends LwM2mResponse> request, Throwable cause) {
            tell(session.getEndpoint(), "requestFailed", String.valueOf(cause));
            return super.onRequestFailure(session, request, cause);
        }

        @Override public void end(BootstrapSession session) {
            tell(session.getEndpoint(), "finished", null);
            super.end(session);
        }

        @Override public void failed(BootstrapSession session, BootstrapFailureCause cause) {
            tell(session.getEndpoint(), "failed", String.valueOf(cause));
            super.failed(session, cause);
        }
    }
}
