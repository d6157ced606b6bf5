/** The load: one UDP socket that plays the LwM2M Server to one client, or the other end of an echo. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { acknowledge, codeOf, METHOD, name, request, tokenOf } from "./coap.mjs";

const CONTENT = "2.05";
const CHANGED = "2.04";
const CONTINUE = "2.31";
const CREATED_CODE = 0x41;
const DELETED_CODE = 0x42;
const CHANGED_CODE = 0x44;
/** Location-Path "rd", "1". */
const LOCATION = Buffer.from([0x82, 0x72, 0x64, 0x01, 0x31]);

/** The token of the observation; those of requests count up from 1. */
const OBSERVATION = 0xffff_ffff;
/** What is unanswered for so long is sent again, so often. */
const RESEND_MS = 500;
const MAX_SILENCES = 20;
export const BLOCK_BYTES = 1024;
const BLOCK_SZX = 6;
const OPAQUE = 42;

/** Of the Firmware Update Object. */
const PACKAGE = "/5/0/0";
const PACKAGE_URI = "/5/0/1";
const STATE = "/5/0/3";
const DOWNLOADING = 1;
const DOWNLOADED = 2;
const NUL_PACKAGE = request(METHOD.PUT, PACKAGE, { contentFormat: OPAQUE, payload: Buffer.from([0]) });

/** On a port of 127.0.0.1 that is free. */
export async function openLoad() {
  // A window of large datagrams must fit, or the kernel drops what would be measured.
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  let token = 0;
  let writes = 0;
  let onResponse = () => {};
  socket.on("error", () => {}); // the other end has gone

  const serve = (datagram) => {
    const method = datagram[1];
    if (method === 4) socket.send(acknowledge(datagram, DELETED_CODE));
    else if (datagram.includes("ep=")) socket.send(acknowledge(datagram, CREATED_CODE, LOCATION));
    else socket.send(acknowledge(datagram, CHANGED_CODE));
  };

  /** The first to speak is the one the load is for. */
  const found = once(socket, "message").then(async ([first, from]) => {
    socket.connect(from.port, from.address);
    await once(socket, "connect");
    socket.on("message", (datagram) => {
      const isRequest = datagram[1] < 32 && tokenOf(datagram) === undefined; // those of an echo have our tokens
      if (isRequest) serve(datagram);
      else onResponse(datagram);
    });
    if (first.length > 8) serve(first);
  });

  /**
   * Keeps `window` requests outstanding for `durationMs`, or until `count` are answered.
   * @param next fills slot `slot`: @returns the datagram to send; it belongs to the slot
   * @param answered @returns the slot that `datagram` answers, or undefined if none
   * @returns what was answered, in which time
   */
  const run = ({ window, durationMs = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY }, next, answered) =>
    new Promise((resolve, reject) => {
      const slots = [];
      const startedAtMs = performance.now();
      const endMs = startedAtMs + durationMs;
      let sent = 0;
      let done = 0;
      let seen = 0;
      let silences = 0;
      const send = (slot) => {
        sent++;
        slots[slot] = next(slot);
        socket.send(slots[slot]);
      };
      const watch = setInterval(() => {
        if (done > seen) silences = 0;
        else if (++silences > MAX_SILENCES) end(reject, new Error(`no answer after ${done} of ${sent} requests`));
        else for (const datagram of slots) if (datagram) socket.send(datagram);
        seen = done;
      }, RESEND_MS);
      const end = (settle, value) => {
        clearInterval(watch);
        onResponse = () => {};
        settle(value);
      };
      onResponse = (datagram) => {
        try {
          const slot = answered(datagram);
          if (slot === undefined) return;
          done++;
          const nowMs = performance.now();
          if (nowMs < endMs && sent < count) return send(slot);
          slots[slot] = undefined;
          if (done < sent) return;
          end(resolve, { count: done, seconds: (nowMs - startedAtMs) / 1000 });
        } catch (error) {
          end(reject, error);
        }
      };
      for (let slot = 0; slot < window; slot++) send(slot);
    });

  let messageId = 0;
  const named = (datagram, token) => {
    messageId++;
    name(datagram, messageId, token);
    return datagram;
  };

  /** The slots' current tokens; an answer is the one to the current request of its slot. */
  const outstanding = (window) => {
    const tokens = new Array(window).fill(0);
    return {
      ask(slot, datagram) {
        token = (token + 1) % OBSERVATION;
        tokens[slot] = token;
        return named(datagram, token);
      },
      find(datagram) {
        const slot = tokens.indexOf(tokenOf(datagram));
        if (slot < 0) return undefined;
        tokens[slot] = -1;
        return slot;
      },
    };
  };

  const expect = (datagram, code) => {
    if (codeOf(datagram) !== code) throw new Error(`answered ${codeOf(datagram)} where ${code} was due`);
  };

  /** Requests that are all alike. @param code of the answers */
  const repeat = (load, datagram, code) => {
    const { ask, find } = outstanding(load.window);
    const datagrams = Array.from({ length: load.window }, () => Buffer.from(datagram));
    return run(
      load,
      (slot) => ask(slot, datagrams[slot]),
      (answer) => {
        const slot = find(answer);
        if (slot !== undefined) expect(answer, code);
        return slot;
      },
    );
  };

  /** The value of a Resource of one digit. */
  const readDigit = async (path) => {
    const { ask, find } = outstanding(1);
    const datagram = request(METHOD.GET, path);
    let digit;
    await run(
      { window: 1, count: 1 },
      () => ask(0, datagram),
      (answer) => {
        const slot = find(answer);
        if (slot === undefined) return undefined;
        expect(answer, CONTENT);
        digit = Number(String.fromCharCode(answer.at(-1)));
        return slot;
      },
    );
    return digit;
  };

  /** Requests one after the other, in a circle. @param steps [datagram, code of its answer] */
  const upload = (load, steps) => {
    const { ask, find } = outstanding(1);
    let number = -1;
    return run(
      load,
      (slot) => {
        number = (number + 1) % steps.length;
        return ask(slot, steps[number][0]);
      },
      (datagram) => {
        const slot = find(datagram);
        if (slot !== undefined) expect(datagram, steps[number][1]);
        return slot;
      },
    );
  };

  return {
    port: socket.address().port,
    found,
    /** Reads of one small text Resource. */
    reads: (load) => repeat(load, request(METHOD.GET, "/3/0/0"), CONTENT),
    /** The same requests, and one block's worth, to an echo. */
    echoes: (load) => repeat(load, request(METHOD.GET, "/3/0/0"), "0.01"),
    echoedBlocks: (load) => repeat(load, uploadBlock(Buffer.alloc(BLOCK_BYTES), 0), "0.03"),

    /** One Write and the Notify that follows it at a time. */
    async notifications(load) {
      const observe = request(METHOD.GET, "/3/0/14", { observe: 0 });
      const one = { window: 1, count: 1 };
      await repeat(one, request(METHOD.PUT, "/3/0/14", { query: "pmin=0" }), CHANGED);
      const isObservation = (datagram) => (tokenOf(datagram) === OBSERVATION ? 0 : undefined);
      await run(one, () => named(observe, OBSERVATION), isObservation);
      const { ask } = outstanding(1);
      const zones = ["+01:00", "+02:00"].map((zone) =>
        request(METHOD.PUT, "/3/0/14", { contentFormat: 0, payload: Buffer.from(zone) }),
      );
      const result = await run(
        load,
        () => ask(0, zones[writes++ % 2]),
        (datagram) => {
          const isNotification = tokenOf(datagram) === OBSERVATION;
          expect(datagram, isNotification ? CONTENT : CHANGED);
          return isNotification ? 0 : undefined;
        },
      );
      const cancel = request(METHOD.GET, "/3/0/14", { observe: 1 });
      await run(one, () => named(cancel, OBSERVATION), isObservation);
      return result;
    },

    /** A body to an opaque Resource again and again, block by block, one block outstanding. @returns blocks answered */
    uploads: (load, body, path) => upload(load, blocksOf(body, path)),
    /** A package likewise, which a NUL package throws away each time. */
    pushes: (load, body) => upload(load, [...blocksOf(body, PACKAGE), [NUL_PACKAGE, CHANGED]]),
    /** A package once. @param task what to do before the last of its blocks @returns what came of it */
    async pushDuring(body, task) {
      const blocks = blocksOf(body, PACKAGE);
      await upload({ window: 1, count: blocks.length - 1 }, blocks);
      const result = await task();
      await upload({ window: 1, count: 2 }, [blocks.at(-1), [NUL_PACKAGE, CHANGED]]);
      return result;
    },
    /** Has the modem fetch a package again and again. @returns blocks it has asked for */
    async pulls({ durationMs }, repository) {
      const one = { window: 1, count: 1 };
      const writeUri = (uri) =>
        repeat(one, request(METHOD.PUT, PACKAGE_URI, { contentFormat: 0, payload: Buffer.from(uri) }), CHANGED);
      const startedAtMs = performance.now();
      const servedBefore = repository.served;
      const elapsedMs = () => performance.now() - startedAtMs;
      await writeUri("");
      do {
        await Promise.all([repository.lastServed(), writeUri(repository.uri)]);
        let state = await readDigit(STATE);
        while (state === DOWNLOADING) state = await readDigit(STATE);
        if (state !== DOWNLOADED) throw new Error(`the pull ended in state ${state}`);
        await writeUri("");
      } while (elapsedMs() < durationMs);
      return { count: repository.served - servedBefore, seconds: elapsedMs() / 1000 };
    },
    close: () => socket.close(),
  };
}

function uploadBlock(payload, number, more = true, path = "/19/0/0") {
  const block1 = number * 16 + (more ? 8 : 0) + BLOCK_SZX;
  return request(METHOD.PUT, path, { contentFormat: OPAQUE, block1, payload });
}

/** Each with the code that answers it. */
function blocksOf(body, path) {
  const blocks = [];
  for (let at = 0; at < body.length; at += BLOCK_BYTES) {
    const more = at + BLOCK_BYTES < body.length;
    const block = uploadBlock(body.subarray(at, at + BLOCK_BYTES), at / BLOCK_BYTES, more, path);
    blocks.push([block, more ? CONTINUE : CHANGED]);
  }
  return blocks;
}
