/** Firmware updates over the air as a real Leshan orders them, by push and by pull, over UDP and over DTLS. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { blockOf } from "../ets/file-server.ts";
import { coapBytes, readCoap } from "../support/coap-bytes.ts";
import { openDtlsServer } from "../support/coap-dtls-server.ts";
import { type Bench, describeOnLeshan, SOON } from "./bench.ts";
import { resource, valuesOf } from "./operations.ts";

const REVISION = "BG96MAR04A04M1G";
const PACKAGE = makePackage({ name: "BG96 firmware", version: REVISION }, 1024 * 1024);
/** A transfer of 1 MB in blocks of 512 bytes, on a busy machine. */
const LONG_S = 90;

/** Answers every request with the block of the package it asks for. */
const serve = (datagram: Buffer) => coapBytes(blockOf(readCoap(datagram), PACKAGE, { etag: "v1" }));

/** A repository beside Leshan. @returns its port */
async function openRepository(bench: Bench, key: Buffer | undefined): Promise<number> {
  if (key) {
    const server = await openDtlsServer({
      key: () => key,
      onMessage: (message, session) => session.send(serve(message)),
    });
    bench.onClose(() => server.close());
    return server.port;
  }
  const socket = createSocket("udp4");
  socket.on("message", (datagram, { port, address }) => socket.send(serve(datagram), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  bench.onClose(async () => {
    socket.close();
    await once(socket, "close");
  });
  return socket.address().port;
}

await describeOnLeshan((bench) => {
  afterEach(() => bench.closeAll());

  it.each([
    ["pushed", false],
    ["pushed", true],
    ["fetched", false],
    ["fetched", true],
  ] as const)(
    "[BG-174][BG-175][BG-177][BG-178][BG-180] a package of 1 MB is %s and applied, every state in order (secure: %s)",
    { timeout: 2 * LONG_S * 1000 },
    async (how, secure) => {
      const { leshan, version } = bench;
      const endpoint = `fota-${how}-${secure ? "psk" : "nosec"}-${version}`;
      const key = randomBytes(16);
      if (secure) {
        bench.onClose(() => leshan.removePsk(endpoint));
        await leshan.addPsk(endpoint, endpoint, key.toString("hex"));
      }
      const credentials = secure ? { pskIdentity: endpoint, pskKey: key.toString("hex") } : {};
      const port = await openRepository(bench, secure ? key : undefined);
      const modem = await bench.register({ server: secure ? bench.pskUri : bench.nosecUri, endpoint, ...credentials });
      const value = async (path: string) => Object.values(valuesOf(await leshan.read(endpoint, path)))[0];
      expect(await value("/3/0/3")).not.toBe(REVISION);
      // else the default period of a second keeps the last state before the reboot to itself
      expect((await leshan.writeAttributes(endpoint, "/5/0/3", "pmin=0")).status).toBe("2.04");
      expect((await leshan.observe(endpoint, "/5/0/1")).status).toBe("2.05");
      expect(valuesOf(await leshan.observe(endpoint, "/5/0/3"))[3]).toBe(0);

      const since = leshan.mark();
      const notified = (state: number) =>
        leshan.waitFor(
          "NOTIFICATION",
          (data) =>
            data.endpoint === endpoint && data.path === "/5/0/3" && valuesOf({ content: data.content })[3] === state,
          LONG_S * 1000,
          since,
        );
      if (how === "pushed") {
        const image = resource(0, PACKAGE.toString("hex"), "OPAQUE");
        const answer = await leshan.write(endpoint, "/5/0/0", image, { format: "OPAQUE", timeoutS: LONG_S });
        expect(answer.status).toBe("2.04");
      } else {
        const uri = `coap${secure ? "s" : ""}://127.0.0.1:${port}/fw/image`;
        expect((await leshan.write(endpoint, "/5/0/1", resource(1, uri))).status).toBe("2.04");
      }
      await notified(2);
      expect(await value("/5/0/7")).toBe(REVISION);
      const begun = leshan.mark();
      expect((await leshan.execute(endpoint, "/5/0/2")).status).toBe("2.04");
      await notified(3);
      await modem.waitUrc(/^\+QIND: "FOTA","END",0$/, SOON);
      await bench.registered(endpoint, begun);
      expect(await value("/5/0/3")).toBe(0);
      expect(await value("/5/0/5")).toBe(1);
      expect(await value("/3/0/3")).toBe(REVISION);
      expect(await modem.at("AT+CGMR")).toEqual([REVISION, "OK"]);

      const states = leshan.events.slice(since).flatMap((one) => {
        if (one.event !== "NOTIFICATION" || one.data.endpoint !== endpoint || one.data.path !== "/5/0/3") return [];
        return [valuesOf({ content: one.data.content })[3]];
      });
      expect(states).toEqual([1, 2, 3]);
    },
  );
});
