import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;

/** One answer of a Client as Leshan understood it. */
final class Answer {
    final JsonObject json = new JsonObject();

    /** @param code Leshan's three digits, e.g. 205 */
    Answer(int code, String name, boolean success, String errorMessage) {
        json.add("status", (code / 100) + "." + String.format("%02d", code % 100));
        json.add("name", name == null ? "" : name);
        json.add("success", success);
        if (errorMessage != null && !errorMessage.isEmpty()) json.add("errorMessage", errorMessage);
    }

    Answer with(String name, JsonValue value) {
        if (value != null) json.add(name, value);
        return this;
    }
}
