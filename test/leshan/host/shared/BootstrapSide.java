import com.eclipsesource.json.JsonObject;

/** What the host asks of a Leshan Bootstrap-Server, whatever its version. */
interface BootstrapSide {
    int coapPort();

    int coapsPort();

    void addPsk(String endpoint, String identity, byte[] key) throws Exception;

    void removeSecurity(String endpoint);

    /** Identities are text and keys hex, unlike Leshan's own demo, which takes arrays of bytes. */
    void addConfig(String endpoint, JsonObject config) throws Exception;

    void removeConfig(String endpoint);
}
