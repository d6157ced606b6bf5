/** A real HTTP or HTTPS server for packages, on a free port. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface HttpServer {
  /** "http://127.0.0.1:1234" */
  readonly origin: string;
  readonly requests: IncomingMessage[];
}

export type Respond = (request: IncomingMessage, response: ServerResponse, number: number) => void;

export async function openHttpServer(respond: Respond, secure = false): Promise<HttpServer> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    response.on("error", () => {});
    respond(request, response, requests.length);
  };
  const server = secure ? createSecureServer(selfSigned(), listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return { origin: `http${secure ? "s" : ""}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A file as servers give it: with an ETag, and from where the Range says, if it is still the same file. */
export function sendFile(request: IncomingMessage, response: ServerResponse, file: Buffer, etag = '"v1"'): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const isSame = request.headers["if-range"] === etag;
  if (from > 0 && isSame && from >= file.length) {
    response.writeHead(416).end();
  } else if (from > 0 && isSame) {
    const range = `bytes ${from}-${file.length - 1}/${file.length}`;
    response.writeHead(206, { etag, "content-range": range, "content-length": file.length - from });
    response.end(file.subarray(from));
  } else {
    response.writeHead(200, { etag, "content-length": file.length });
    response.end(file);
  }
}

function selfSigned(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "bg96-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-days", "2", "-nodes", "-batch"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      ...subject,
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return pair;
}
