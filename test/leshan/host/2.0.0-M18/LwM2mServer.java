import com.eclipsesource.json.JsonArray;
import com.eclipsesource.json.JsonObject;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.californium.core.coap.Option;
import org.eclipse.californium.core.network.Endpoint;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.link.lwm2m.attributes.DefaultLwM2mAttributeParser;
import org.eclipse.leshan.core.link.lwm2m.attributes.LwM2mAttributeSet;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.CancelObservationRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.CreateRequest;
import org.eclipse.leshan.core.request.DeleteRequest;
import org.eclipse.leshan.core.request.DiscoverRequest;
import org.eclipse.leshan.core.request.DownlinkDeviceManagementRequest;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.WriteAttributesRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.CreateResponse;
import org.eclipse.leshan.core.response.DiscoverResponse;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.queue.PresenceListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.servers.security.SecurityInfo;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

/** A Leshan 2.0.0-M18 LwM2M Server on loopback. */
final class LwM2mServer implements ServerSide {
    /** Leshan's own assumption of how long a Client in Queue mode listens (RFC 7252 §4.8.2). */
    private static final int MAX_TRANSMIT_WAIT_MS = 93_000;
    private final InMemorySecurityStore securityStore = new InMemorySecurityStore();
    private final Map<String, Integer> awakeTimes = new ConcurrentHashMap<>();
    private final LeshanServer leshan;
    private final CaliforniumServerEndpointsProvider endpoints;
    private final Events events;

    LwM2mServer(Events events, File models, InetAddress address, int coapPort, int coapsPort) {
        this.events = events;
        endpoints = new CaliforniumServerEndpointsProvider.Builder(new CoapServerProtocolProvider(), new CoapsServerProtocolProvider())
            .addEndpoint(new InetSocketAddress(address, coapPort), Protocol.COAP)
            .addEndpoint(new InetSocketAddress(address, coapsPort), Protocol.COAPS)
            .build();
        List<ObjectModel> known = ObjectLoader.loadAllDefault();
        known.addAll(ObjectLoader.loadObjectsFromDir(models));
        leshan = new LeshanServerBuilder()
            .setEndpointsProviders(endpoints)
            .setSecurityStore(securityStore)
            .setClientAwakeTimeProvider(registration -> awakeTimes.getOrDefault(registration.getEndpoint(), MAX_TRANSMIT_WAIT_MS))
            .setObjectModelProvider(new VersionedModelProvider(known))
            .build();
        leshan.getRegistrationService().addListener(new Registrations());
        leshan.getObservationService().addListener(new Observations());
        leshan.getPresenceService().addListener(new Presence());
        leshan.start();
        for (Endpoint endpoint : endpoints.getCoapServer().getEndpoints()) {
            endpoint.addInterceptor(new CoapLog(events, "server", isSecure(endpoint), Option::encode));
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

    @Override public JsonArray clients() {
        JsonArray clients = new JsonArray();
        Iterator<Registration> all = leshan.getRegistrationService().getAllRegistrations();
        while (all.hasNext()) clients.add(toJson(all.next()));
        return clients;
    }

    @Override public JsonObject client(String endpoint) {
        Registration registration = leshan.getRegistrationService().getByEndpoint(endpoint);
        return registration == null ? null : toJson(registration);
    }

    @Override public void addPsk(String endpoint, String identity, byte[] key) throws Exception {
        securityStore.add(SecurityInfo.newPreSharedKeyInfo(endpoint, identity, key));
    }

    @Override public void removeSecurity(String endpoint) {
        securityStore.remove(endpoint, true);
    }

    @Override public void setAwakeTime(String endpoint, int ms) {
        awakeTimes.put(endpoint, ms);
    }

    @Override public Answer read(String endpoint, String path, String format, long timeoutMs) throws Exception {
        ReadResponse response = send(endpoint, new ReadRequest(format(format), path), timeoutMs);
        return response == null ? null : withContent(response);
    }

    @Override public Answer write(String endpoint, String path, JsonObject node, String format, boolean replace, long timeoutMs) throws Exception {
        WriteRequest.Mode mode = replace ? WriteRequest.Mode.REPLACE : WriteRequest.Mode.UPDATE;
        ContentFormat contentFormat = format == null ? ContentFormat.TLV : format(format);
        return answer(send(endpoint, new WriteRequest(mode, contentFormat, path, Nodes.fromJson(node)), timeoutMs));
    }

    @Override public Answer execute(String endpoint, String path, String arguments, long timeoutMs) throws Exception {
        return answer(send(endpoint, new ExecuteRequest(path, arguments), timeoutMs));
    }

    @Override public Answer create(String endpoint, String path, JsonObject instance, String format, long timeoutMs) throws Exception {
        LwM2mObjectInstance node = (LwM2mObjectInstance) Nodes.fromJson(instance);
        ContentFormat contentFormat = format == null ? ContentFormat.TLV : format(format);
        CreateRequest request = node.getId() == LwM2mObjectInstance.UNDEFINED
            ? new CreateRequest(contentFormat, path, node.getResources().values())
            : new CreateRequest(contentFormat, path, node);
        CreateResponse response = send(endpoint, request, timeoutMs);
        Answer answer = answer(response);
        if (response != null && response.getLocation() != null) answer.json.add("location", response.getLocation());
        return answer;
    }

    @Override public Answer delete(String endpoint, String path, long timeoutMs) throws Exception {
        return answer(send(endpoint, new DeleteRequest(path), timeoutMs));
    }

    @Override public Answer discover(String endpoint, String path, long timeoutMs) throws Exception {
        DiscoverResponse response = send(endpoint, new DiscoverRequest(path), timeoutMs);
        return response == null ? null : answer(response).with("objectLinks", Nodes.toJson(response.getObjectLinks()));
    }

    @Override public Answer writeAttributes(String endpoint, String path, List<String> attributes, long timeoutMs) throws Exception {
        LwM2mAttributeSet set = new LwM2mAttributeSet(new DefaultLwM2mAttributeParser().parseQueryParams(attributes));
        return answer(send(endpoint, new WriteAttributesRequest(path, set), timeoutMs));
    }

    @Override public Answer observe(String endpoint, String path, String format, long timeoutMs) throws Exception {
        ObserveResponse response = send(endpoint, new ObserveRequest(format(format), path), timeoutMs);
        if (response == null) return null;
        Answer answer = withContent(response);
        if (response.getObservation() != null) answer.json.add("token", Hex.encode(response.getObservation().getId().getBytes()));
        return answer;
    }

    @Override public Answer cancelObservation(String endpoint, String path, boolean active, long timeoutMs) throws Exception {
        Registration registration = leshan.getRegistrationService().getByEndpoint(endpoint);
        if (!active) {
            int count = leshan.getObservationService().cancelObservations(registration, path);
            return new Answer(0, "forgotten", count > 0, null);
        }
        for (Observation one : leshan.getObservationService().getObservations(registration)) {
            if (!(one instanceof SingleObservation) || !((SingleObservation) one).getPath().toString().equals(path)) continue;
            ReadResponse response = send(endpoint, new CancelObservationRequest((SingleObservation) one), timeoutMs);
            return response == null ? null : withContent(response);
        }
        throw new HostApi.BadRequest("no observation of " + path);
    }

    private <T extends LwM2mResponse> T send(String endpoint, DownlinkDeviceManagementRequest<T> request, long timeoutMs) throws Exception {
        return leshan.send(leshan.getRegistrationService().getByEndpoint(endpoint), request, timeoutMs);
    }

    private static ContentFormat format(String name) {
        if (name == null) return null;
        ContentFormat format = ContentFormat.fromName(name.toUpperCase());
        if (format == null) throw new HostApi.BadRequest("unknown format: " + name);
        return format;
    }

    private static Answer answer(LwM2mResponse response) {
        if (response == null) return null;
        return new Answer(response.getCode().getCode(), response.getCode().getName(), response.isSuccess(), response.getErrorMessage());
    }

    private static Answer withContent(ReadResponse response) {
        Answer answer = answer(response);
        if (response.getContent() != null) answer.with("content", Nodes.toJson(response.getContent()));
        return answer;
    }

    private static JsonObject toJson(Registration registration) {
        StringBuilder binding = new StringBuilder();
        for (BindingMode mode : registration.getBindingMode()) binding.append(mode);
        JsonObject attributes = new JsonObject();
        for (Map.Entry<String, String> one : registration.getAdditionalRegistrationAttributes().entrySet()) {
            attributes.add(one.getKey(), one.getValue());
        }
        return new JsonObject()
            .add("endpoint", registration.getEndpoint())
            .add("registrationId", registration.getId())
            .add("address", registration.getAddress().getHostAddress() + ":" + registration.getPort())
            .add("secure", "coaps".equals(registration.getEndpointUri().getScheme()))
            .add("lifetime", registration.getLifeTimeInSec())
            .add("binding", binding.toString())
            .add("lwM2mVersion", String.valueOf(registration.getLwM2mVersion()))
            .add("objectLinks", Nodes.toJson(registration.getSortedObjectLinks()))
            .add("registrationDate", registration.getRegistrationDate().getTime())
            .add("lastUpdate", registration.getLastUpdate().getTime())
            .add("additionalAttributes", attributes);
    }

    private final class Registrations implements RegistrationListener {
        @Override public void registered(Registration registration, Registration previous, Collection<Observation> dropped) {
            events.emit("REGISTRATION", new JsonObject().add("endpoint", registration.getEndpoint()).add("registration", toJson(registration)));
        }

        @Override public void updated(RegistrationUpdate update, Registration now, Registration previous) {
            boolean withLinks = update.getObjectLinks() != null;
            events.emit("UPDATED", new JsonObject().add("endpoint", now.getEndpoint()).add("withObjectLinks", withLinks)
                .add("registration", toJson(now)));
        }

        @Override public void unregistered(Registration registration, Collection<Observation> dropped, boolean expired, Registration next) {
            // A Register over a living registration is told by REGISTRATION alone.
            if (next != null) return;
            events.emit("DEREGISTRATION", new JsonObject().add("endpoint", registration.getEndpoint()).add("expired", expired)
                .add("registration", toJson(registration)));
        }
    }

    private final class Presence implements PresenceListener {
        @Override public void onAwake(Registration registration) {
            events.emit("AWAKE", new JsonObject().add("endpoint", registration.getEndpoint()));
        }

        @Override public void onSleeping(Registration registration) {
            events.emit("SLEEPING", new JsonObject().add("endpoint", registration.getEndpoint()));
        }
    }

    private final class Observations implements ObservationListener {
        @Override public void newObservation(Observation observation, Registration registration) { }

        @Override public void cancelled(Observation observation) { }

        @Override public void onResponse(SingleObservation observation, Registration registration, ObserveResponse response) {
            if (registration == null) return;
            JsonObject data = new JsonObject().add("endpoint", registration.getEndpoint())
                .add("path", observation.getPath().toString())
                .add("token", Hex.encode(observation.getId().getBytes()));
            if (response.getContent() != null) data.add("content", Nodes.toJson(response.getContent()));
            events.emit("NOTIFICATION", data);
        }

        @Override public void onResponse(CompositeObservation observation, Registration registration, ObserveCompositeResponse response) { }

        @Override public void onError(Observation observation, Registration registration, Exception error) {
            events.emit("NOTIFICATION_ERROR", new JsonObject()
                .add("endpoint", registration == null ? "" : registration.getEndpoint())
                .add("error", String.valueOf(error)));
        }
    }
}
