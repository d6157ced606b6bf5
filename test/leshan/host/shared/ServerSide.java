import com.eclipsesource.json.JsonArray;
import com.eclipsesource.json.JsonObject;
import java.util.List;

/** What the host asks of a Leshan LwM2M Server, whatever its version. Endpoints are known to exist when a method is called. */
interface ServerSide {
    int coapPort();

    int coapsPort();

    JsonArray clients();

    /** The registration of an endpoint, or null when it is not registered. */
    JsonObject client(String endpoint);

    void addPsk(String endpoint, String identity, byte[] key) throws Exception;

    void removeSecurity(String endpoint);

    /** How long this endpoint is taken to listen after its last message, in Queue mode. */
    void setAwakeTime(String endpoint, int ms);

    Answer read(String endpoint, String path, String format, long timeoutMs) throws Exception;

    Answer write(String endpoint, String path, JsonObject node, String format, boolean replace, long timeoutMs) throws Exception;

    Answer execute(String endpoint, String path, String arguments, long timeoutMs) throws Exception;

    Answer create(String endpoint, String path, JsonObject instance, String format, long timeoutMs) throws Exception;

    Answer delete(String endpoint, String path, long timeoutMs) throws Exception;

    Answer discover(String endpoint, String path, long timeoutMs) throws Exception;

    Answer writeAttributes(String endpoint, String path, List<String> attributes, long timeoutMs) throws Exception;

    Answer observe(String endpoint, String path, String format, long timeoutMs) throws Exception;

    /** Active: a GET with Observe=1, null where the version has none. Passive: forget, so that the next notification is reset. */
    Answer cancelObservation(String endpoint, String path, boolean active, long timeoutMs) throws Exception;
}
