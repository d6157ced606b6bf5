import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/** The host's REST on loopback, in the shape of Leshan's own demo, over whichever sides this JVM runs. */
final class HostApi {
    private final ServerSide server;
    private final BootstrapSide bootstrap;
    private final Events events;

    private HostApi(ServerSide server, BootstrapSide bootstrap, Events events) {
        this.server = server;
        this.bootstrap = bootstrap;
        this.events = events;
    }

    /** Serves until standard input ends; prints one JSON line when ready. Either side may be null. */
    static void run(ServerSide server, BootstrapSide bootstrap, Events events) throws Exception {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.setExecutor(Executors.newCachedThreadPool());
        HostApi api = new HostApi(server, bootstrap, events);
        http.createContext("/api/", api::serve);
        http.start();

        JsonObject ready = new JsonObject().add("httpPort", http.getAddress().getPort());
        if (server != null) ready.add("server", ports(server.coapPort(), server.coapsPort()));
        if (bootstrap != null) ready.add("bootstrap", ports(bootstrap.coapPort(), bootstrap.coapsPort()));
        System.out.println(ready);
        System.out.flush();

        // The parent holds the other end: when it dies, however it dies, this process ends too.
        while (System.in.read() >= 0) { }
        System.exit(0);
    }

    private static JsonObject ports(int coap, int coaps) {
        return new JsonObject().add("coapPort", coap).add("coapsPort", coaps);
    }

    private void serve(HttpExchange exchange) throws IOException {
        try {
            String raw = exchange.getRequestURI().getRawPath().substring("/api/".length());
            List<String> path = new ArrayList<>();
            for (String segment : raw.split("/")) if (!segment.isEmpty()) path.add(URLDecoder.decode(segment, "UTF-8"));
            if (path.equals(Arrays.asList("events")) && exchange.getRequestMethod().equals("GET")) {
                exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
                exchange.sendResponseHeaders(200, 0);
                events.stream(exchange.getResponseBody());
                return;
            }
            String body = new String(readAll(exchange.getRequestBody()), StandardCharsets.UTF_8);
            JsonValue result = route(exchange.getRequestMethod(), path, query(exchange.getRequestURI().getRawQuery()), body);
            if (result == null) reply(exchange, 504, error("no answer: request timeout"));
            else reply(exchange, 200, result);
        } catch (BadRequest refused) {
            reply(exchange, 400, error(refused.getMessage()));
        } catch (IOException gone) {
            exchange.close();
        } catch (Throwable failed) {
            reply(exchange, 500, error(failed.getClass().getSimpleName() + ": " + failed.getMessage()));
        }
    }

    private JsonValue route(String method, List<String> path, Map<String, String> query, String body) throws Exception {
        JsonObject none = new JsonObject();
        if (path.isEmpty()) throw new BadRequest("no such path");
        List<String> rest = path.subList(1, path.size());
        switch (path.get(0)) {
            case "mark":
                events.emit("MARK", new JsonObject().add("id", query.getOrDefault("id", "")));
                return none;
            case "clients":
                if (rest.isEmpty()) return server.clients();
                if (server.client(rest.get(0)) == null) throw new BadRequest("no registered client: " + rest.get(0));
                if (rest.size() == 1) return server.client(rest.get(0));
                Answer answer = operate(method, rest.get(0), rest.subList(1, rest.size()), query, body);
                return answer == null ? null : answer.json;
            case "security":
                boolean atBootstrap = rest.get(0).equals("bootstrap");
                if (method.equals("DELETE")) {
                    if (atBootstrap) bootstrap.removeSecurity(rest.get(1));
                    else server.removeSecurity(rest.get(1));
                    return none;
                }
                JsonObject info = Json.parse(body).asObject();
                JsonObject psk = info.get("psk").asObject();
                String endpoint = info.get("endpoint").asString();
                byte[] key = Hex.decode(psk.get("key").asString());
                if (atBootstrap) bootstrap.addPsk(endpoint, psk.get("identity").asString(), key);
                else server.addPsk(endpoint, psk.get("identity").asString(), key);
                return none;
            case "awake":
                server.setAwakeTime(rest.get(0), Integer.parseInt(query.get("ms")));
                return none;
            case "bootstrap":
                if (method.equals("DELETE")) bootstrap.removeConfig(rest.get(0));
                else bootstrap.addConfig(rest.get(0), Json.parse(body).asObject());
                return none;
            default:
                throw new BadRequest("no such path: " + path);
        }
    }

    private Answer operate(String method, String endpoint, List<String> path, Map<String, String> query, String body) throws Exception {
        String last = path.get(path.size() - 1);
        boolean named = !last.matches("\\d+");
        String target = "/" + String.join("/", named ? path.subList(0, path.size() - 1) : path);
        int segments = named ? path.size() - 1 : path.size();
        long timeoutMs = 1000L * Long.parseLong(query.getOrDefault("timeout", "10"));
        String format = query.get("format");
        switch (named ? last : "") {
            case "discover":
                return server.discover(endpoint, target, timeoutMs);
            case "attributes":
                List<String> attributes = new ArrayList<>();
                for (Map.Entry<String, String> one : query.entrySet()) {
                    if (one.getKey().equals("timeout")) continue;
                    attributes.add(one.getValue() == null ? one.getKey() : one.getKey() + "=" + one.getValue());
                }
                return server.writeAttributes(endpoint, target, attributes, timeoutMs);
            case "observe":
                if (method.equals("POST")) return server.observe(endpoint, target, format, timeoutMs);
                return server.cancelObservation(endpoint, target, query.containsKey("active"), timeoutMs);
            case "":
                break;
            default:
                throw new BadRequest("no such path: " + path);
        }
        switch (method) {
            case "GET":
                return server.read(endpoint, target, format, timeoutMs);
            case "PUT":
                boolean replace = !"false".equals(query.get("replace"));
                return server.write(endpoint, target, Json.parse(body).asObject(), format, replace, timeoutMs);
            case "POST":
                if (segments == 3) return server.execute(endpoint, target, body.isEmpty() ? null : body, timeoutMs);
                return server.create(endpoint, target, Json.parse(body).asObject(), format, timeoutMs);
            case "DELETE":
                return server.delete(endpoint, target, timeoutMs);
            default:
                throw new BadRequest("no such method: " + method);
        }
    }

    private static JsonObject error(String why) {
        return new JsonObject().add("error", String.valueOf(why));
    }

    private static void reply(HttpExchange exchange, int status, JsonValue body) throws IOException {
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static Map<String, String> query(String raw) throws IOException {
        Map<String, String> query = new LinkedHashMap<>();
        if (raw == null) return query;
        for (String pair : raw.split("&")) {
            int equals = pair.indexOf('=');
            if (equals < 0) query.put(pair, null);
            else query.put(pair.substring(0, equals), URLDecoder.decode(pair.substring(equals + 1), "UTF-8"));
        }
        return query;
    }

    private static byte[] readAll(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) out.write(buffer, 0, n);
        return out.toByteArray();
    }

    static final class BadRequest extends RuntimeException {
        BadRequest(String why) {
            super(why);
        }
    }
}
