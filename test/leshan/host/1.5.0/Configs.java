import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import org.eclipse.leshan.core.SecurityMode;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig;

/** JSON to Leshan's bootstrap configuration: in Leshan's field names, but PSK identities as text and keys as hex. */
final class Configs {
    private Configs() {}

    static BootstrapConfig fromJson(JsonObject json) {
        BootstrapConfig config = new BootstrapConfig();
        config.toDelete = new ArrayList<>();
        if (json.get("toDelete") != null) for (JsonValue path : json.get("toDelete").asArray()) config.toDelete.add(path.asString());
        for (JsonObject.Member one : members(json, "servers")) {
            JsonObject in = one.getValue().asObject();
            BootstrapConfig.ServerConfig out = new BootstrapConfig.ServerConfig();
            out.shortId = in.getInt("shortId", 0);
            out.lifetime = in.getInt("lifetime", 86400);
            out.defaultMinPeriod = in.getInt("defaultMinPeriod", 1);
            out.defaultMaxPeriod = number(in, "defaultMaxPeriod");
            out.disableTimeout = number(in, "disableTimeout");
            out.notifIfDisabled = in.getBoolean("notifIfDisabled", true);
            out.binding = BindingMode.valueOf(in.getString("binding", "U"));
            config.servers.put(Integer.valueOf(one.getName()), out);
        }
        for (JsonObject.Member one : members(json, "security")) {
            JsonObject in = one.getValue().asObject();
            BootstrapConfig.ServerSecurity out = new BootstrapConfig.ServerSecurity();
            out.uri = in.getString("uri", "");
            out.bootstrapServer = in.getBoolean("bootstrapServer", false);
            out.securityMode = SecurityMode.valueOf(in.getString("securityMode", "NO_SEC"));
            out.publicKeyOrId = in.getString("identity", "").getBytes(StandardCharsets.UTF_8);
            out.secretKey = Hex.decode(in.getString("key", ""));
            out.serverId = in.getInt("serverId", 0);
            config.security.put(Integer.valueOf(one.getName()), out);
        }
        for (JsonObject.Member one : members(json, "acls")) {
            JsonObject in = one.getValue().asObject();
            BootstrapConfig.ACLConfig out = new BootstrapConfig.ACLConfig();
            out.objectId = in.getInt("objectId", 0);
            out.objectInstanceId = in.getInt("objectInstanceId", 0);
            out.acls = new HashMap<>();
            for (JsonObject.Member acl : members(in, "acls")) out.acls.put(Integer.valueOf(acl.getName()), acl.getValue().asLong());
            out.AccessControlOwner = in.getInt("AccessControlOwner", 0);
            config.acls.put(Integer.valueOf(one.getName()), out);
        }
        return config;
    }

    private static JsonObject members(JsonObject json, String name) {
        return json.get(name) == null ? new JsonObject() : json.get(name).asObject();
    }

    private static Integer number(JsonObject json, String name) {
        return json.get(name) == null ? null : Integer.valueOf(json.get(name).asInt());
    }
}
