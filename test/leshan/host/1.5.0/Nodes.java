import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonArray;
import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.leshan.core.Link;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.node.LwM2mMultipleResource;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.ObjectLink;

/** Leshan's decoded values to JSON and back. */
final class Nodes {
    private Nodes() {}

    static JsonObject toJson(LwM2mNode node) {
        JsonObject json = new JsonObject();
        if (node instanceof LwM2mObject) {
            JsonArray instances = new JsonArray();
            for (LwM2mObjectInstance one : ((LwM2mObject) node).getInstances().values()) instances.add(toJson(one));
            return json.add("kind", "object").add("id", ((LwM2mObject) node).getId()).add("instances", instances);
        }
        if (node instanceof LwM2mObjectInstance) {
            JsonArray resources = new JsonArray();
            for (LwM2mResource one : ((LwM2mObjectInstance) node).getResources().values()) resources.add(toJson(one));
            return json.add("kind", "instance").add("id", ((LwM2mObjectInstance) node).getId()).add("resources", resources);
        }
        if (node instanceof LwM2mResource) {
            LwM2mResource resource = (LwM2mResource) node;
            json.add("kind", resource.isMultiInstances() ? "multiResource" : "singleResource").add("id", resource.getId());
            json.add("type", String.valueOf(resource.getType()));
            if (!resource.isMultiInstances()) return json.add("value", value(resource.getValue()));
            JsonObject values = new JsonObject();
            for (Map.Entry<Integer, ?> one : resource.getValues().entrySet()) {
                values.add(String.valueOf(one.getKey()), value(one.getValue()));
            }
            return json.add("values", values);
        }
        return json;
    }

    static LwM2mNode fromJson(JsonObject json) {
        int id = json.getInt("id", LwM2mObjectInstance.UNDEFINED);
        switch (json.getString("kind", "")) {
            case "instance":
                List<LwM2mResource> resources = new ArrayList<>();
                for (JsonValue one : json.get("resources").asArray()) resources.add((LwM2mResource) fromJson(one.asObject()));
                return id == LwM2mObjectInstance.UNDEFINED ? new LwM2mObjectInstance(resources) : new LwM2mObjectInstance(id, resources);
            case "multiResource":
                Type type = Type.valueOf(json.getString("type", ""));
                Map<Integer, Object> values = new LinkedHashMap<>();
                for (JsonObject.Member one : json.get("values").asObject()) {
                    values.put(Integer.valueOf(one.getName()), value(type, one.getValue()));
                }
                return LwM2mMultipleResource.newResource(id, values, type);
            case "singleResource":
                Type single = Type.valueOf(json.getString("type", ""));
                return LwM2mSingleResource.newResource(id, value(single, json.get("value")), single);
            default:
                throw new HostApi.BadRequest("unknown kind of node: " + json.getString("kind", "none"));
        }
    }

    static JsonArray toJson(Link[] links) {
        JsonArray list = new JsonArray();
        if (links == null) return list;
        for (Link link : links) {
            JsonObject attributes = new JsonObject();
            for (Map.Entry<String, String> one : link.getAttributes().entrySet()) {
                attributes.add(one.getKey(), one.getValue() == null ? "" : one.getValue());
            }
            list.add(new JsonObject().add("url", link.getUrl()).add("attributes", attributes));
        }
        return list;
    }

    private static JsonValue value(Object value) {
        if (value == null) return Json.NULL;
        if (value instanceof byte[]) return Json.value(Hex.encode((byte[]) value));
        if (value instanceof Date) return Json.value(((Date) value).getTime());
        if (value instanceof Boolean) return Json.value((Boolean) value);
        if (value instanceof Long) return Json.value((Long) value);
        if (value instanceof Double) return Json.value((Double) value);
        if (value instanceof ObjectLink) {
            return Json.value(((ObjectLink) value).getObjectId() + ":" + ((ObjectLink) value).getObjectInstanceId());
        }
        return Json.value(String.valueOf(value));
    }

    private static Object value(Type type, JsonValue json) {
        switch (type) {
            case INTEGER:
                return json.asLong();
            case FLOAT:
                return json.asDouble();
            case BOOLEAN:
                return json.asBoolean();
            case TIME:
                return new Date(json.asLong());
            case OPAQUE:
                return Hex.decode(json.asString());
            case OBJLNK:
                String[] ids = json.asString().split(":");
                return new ObjectLink(Integer.parseInt(ids[0]), Integer.parseInt(ids[1]));
            default:
                return json.asString();
        }
    }
}
