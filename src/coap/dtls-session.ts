/**
 * node-dtls-client 2.0.3 made fit for lossy and hostile networks. It lacks retransmission, wedges on duplicates,
 * goes deaf after 64 lost records and dies of odd messages; so its socket handling is replaced here, and only its
 * handshake and record layer are used. Its private fields are touched in this file alone; the version is pinned.
 */
import type { Socket } from "node:dgram";
import { dtls } from "node-dtls-client";
import { createAssembly, type HandshakeMessage, splitHandshake } from "#coap/dtls-handshake";
import { createReplayWindow, type ReplayWindow } from "#coap/replay-window";
import type { Cancel, Clock, Log } from "#runtime";

export interface DtlsSessionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  readonly identity: Buffer;
  readonly key: Buffer;
  /** IANA names the library knows. */
  readonly ciphers: readonly string[];
}

export interface DtlsSessionEvents {
  /** The handshake is done. */
  connected(): void;
  message(datagram: Buffer): void;
  /** The session is over, before or after the handshake; not called after our own close(). */
  ended(reason: string): void;
}

export interface DtlsSession {
  /** 0 until the socket is bound. */
  readonly localPort: number;
  /** What has come from the peer so far, for telling why a handshake failed. */
  readonly heard: "nothing" | "refused" | "datagrams";
  send(datagram: Buffer): void;
  /** Says close_notify and forgets the session. Idempotent. */
  close(): void;
}

/** What is used of the library's private side. */
interface Internals {
  udp: Pick<Socket, "close" | "removeAllListeners"> & { send: (...args: never[]) => void };
  readonly recordLayer?: {
    readonly epochs: { antiReplayWindow: ReplayWindow; connectionState: { key_material?: object } }[];
    readonly _readEpochNr: number;
    _writeEpochNr: number;
    send(message: { type: number; data: Buffer }, callback?: () => void): void;
    receive(records: Buffer): { type: number; data: Buffer }[];
    advanceReadEpoch(): void;
  };
  readonly handshakeHandler?: {
    readonly lastProcessedSeqNum: number;
    readonly lastSentSeqNum: number;
    readonly lastFlight: { readonly msg_type: number }[] | undefined;
    readonly expectedResponses: number[] | null;
    processIncomingMessage(message: HandshakeMessage): void;
    sendFlight(flight: readonly object[], expectedResponses: number[], retransmit: boolean): void;
  };
  _connectionTimeout: NodeJS.Timeout;
  udp_onListening(): void;
}

/** RFC 6347 §4.1. */
const RECORD_HEADER_BYTES = 13;
const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
const FINISHED = 20;
/** server_hello, hello_verify_request, server_key_exchange, server_hello_done: all a server says in a PSK handshake before Finished. */
const SERVER_MESSAGES: readonly number[] = [2, 3, 12, 14];
/** How far ahead of its turn a message may arrive. */
const MAX_AHEAD = 8;

const CLOSE_NOTIFY = Buffer.from([1, 0]);
const FATAL = 2;
/** RFC 5246 §7.2, RFC 4279 §2. */
const ALERTS: Readonly<Record<number, string>> = {
  0: "close_notify",
  10: "unexpected_message",
  20: "bad_record_mac",
  40: "handshake_failure",
  47: "illegal_parameter",
  48: "unknown_ca",
  49: "access_denied",
  50: "decode_error",
  51: "decrypt_error",
  70: "protocol_version",
  71: "insufficient_security",
  80: "internal_error",
  90: "user_canceled",
  115: "unknown_psk_identity",
};

/** RFC 6347 §4.2.4.1. */
const FIRST_RTO_MS = 1000;
const LAST_RTO_MS = 60_000;

/** Binds a socket and begins the handshake; everything else comes as events. */
export function openDtlsSession(options: DtlsSessionOptions, events: DtlsSessionEvents): DtlsSession {
  const { clock, log, address, family, port } = options;
  const socket = dtls.createSocket({
    type: family === 4 ? "udp4" : "udp6",
    address,
    port,
    psk: { [options.identity.toString("latin1")]: options.key }, // the library writes it back byte by byte
    ciphers: options.ciphers as NonNullable<dtls.Options["ciphers"]>,
  });
  const library = socket as unknown as Internals;
  const udp = library.udp as unknown as Socket;
  const assembly = createAssembly();
  let state: "handshaking" | "connected" | "closed" = "handshaking";
  let heard: DtlsSession["heard"] = "nothing";
  let localPort = 0;
  let rtoMs = FIRST_RTO_MS;
  let cancelRetransmission: Cancel | undefined;

  const closeUdp = () => {
    try {
      udp.close();
    } catch {
      // it is closed already
    }
  };

  const end = (saysGoodbye: boolean) => {
    if (state === "closed") return false;
    state = "closed";
    cancelRetransmission?.();
    clearTimeout(library._connectionTimeout);
    if (!saysGoodbye || !library.recordLayer) closeUdp();
    else {
      try {
        library.recordLayer.send({ type: CONTENT.alert, data: CLOSE_NOTIFY }, closeUdp);
      } catch {
        closeUdp();
      }
    }
    return true;
  };

  const fail = (reason: string, saysGoodbye = false) => {
    if (end(saysGoodbye)) events.ended(reason);
  };

  const retransmit = () => {
    const { recordLayer, handshakeHandler: handler } = library;
    if (!recordLayer || !handler?.lastFlight || !handler.expectedResponses) return;
    const { lastFlight, expectedResponses } = handler;
    // ChangeCipherSpec and what stands before it belong to epoch 0.
    if (lastFlight.some((message) => message.msg_type === FINISHED)) recordLayer._writeEpochNr = 0;
    handler.sendFlight(lastFlight, expectedResponses, true);
  };

  const armRetransmission = () => {
    cancelRetransmission?.();
    cancelRetransmission = clock.after(rtoMs, () => {
      rtoMs = Math.min(rtoMs * 2, LAST_RTO_MS);
      armRetransmission();
      guarded(retransmit);
    });
  };

  const onHandshake = (data: Buffer, epoch: number) => {
    const handler = library.handshakeHandler;
    if (!handler || state !== "handshaking") return;
    for (const message of splitHandshake(data)) {
      const isExpected = epoch === 0 ? SERVER_MESSAGES.includes(message.msg_type) : message.msg_type === FINISHED;
      const ahead = message.message_seq - handler.lastProcessedSeqNum;
      if (!isExpected || ahead < 1 || ahead > MAX_AHEAD) continue; // odd, repeated or absurd
      const whole = assembly.add(message);
      if (whole) handler.processIncomingMessage(whole);
    }
  };

  const onAlert = (data: Buffer) => {
    const [level, description = -1] = data;
    const name = ALERTS[description] ?? `number ${description}`;
    if (level === FATAL) fail(`the server sent the alert ${name}`);
    else if (description === 0) fail("the server sent close_notify", true); // RFC 5246 §7.2.1
  };

  const onRecord = (record: Buffer) => {
    const layer = library.recordLayer;
    const epoch = record.readUInt16BE(3);
    if (!layer || epoch > 1) return;
    const hasKeys = layer.epochs[1]?.connectionState.key_material !== undefined;
    if (epoch === 1 && !hasKeys) return; // the library would keep a NULL cipher for this epoch for ever
    for (const { type, data } of layer.receive(record)) {
      // An authentic record of epoch 1 has overtaken the server's ChangeCipherSpec, or that one is lost.
      if (layer._readEpochNr < epoch) layer.advanceReadEpoch();
      if (type === CONTENT.handshake) onHandshake(data, epoch);
      else if (type === CONTENT.alert) onAlert(data);
      else if (type === CONTENT.changeCipherSpec && epoch === 0 && hasKeys) layer.advanceReadEpoch();
      else if (type === CONTENT.applicationData && epoch === 1 && state === "connected") events.message(data);
    }
  };

  const onDatagram = (datagram: Buffer) => {
    heard = "datagrams";
    const sentBefore = library.handshakeHandler?.lastSentSeqNum;
    let at = 0;
    while (state !== "closed" && at + RECORD_HEADER_BYTES <= datagram.length) {
      const next = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
      if (next > datagram.length) break;
      const record = datagram.subarray(at, next);
      guarded(() => onRecord(record));
      at = next;
    }
    if (state === "handshaking" && library.handshakeHandler?.lastSentSeqNum !== sentBefore) {
      rtoMs = FIRST_RTO_MS; // a new flight has left
      armRetransmission();
    }
  };

  /** Nothing the network sends may throw out of here. */
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      log.debug({ err: error }, "a DTLS record was dropped"); // as any invalid one, RFC 6347 §4.1.2.7
    }
  };

  const start = () => {
    if (state === "closed") return;
    localPort = udp.address().port;
    let muted = true; // the first ClientHello leaves once it has its extensions
    // The socket is connected, so that the kernel drops what others send: no addresses in send().
    library.udp = {
      send: (
        datagram: Buffer,
        offset: number,
        length: number,
        _port: number,
        _address: string,
        callback?: () => void,
      ) => {
        if (!muted) udp.send(datagram, offset, length, callback);
      },
      removeAllListeners: () => udp,
      close: () => udp,
    };
    try {
      library.udp_onListening();
      muted = false;
      const [hello] = library.handshakeHandler?.lastFlight ?? [];
      if (hello) Object.assign(hello, { extensions: NO_EXTENSIONS });
      retransmit();
    } catch (error) {
      fail(`the handshake cannot begin: ${(error as Error).message}`);
      return;
    }
    clearTimeout(library._connectionTimeout);
    const [plain, encrypted] = library.recordLayer?.epochs ?? [];
    // Handshake messages carry numbers of their own: in epoch 0, where all can be forged, a window only harms.
    if (plain) plain.antiReplayWindow = OPEN_WINDOW;
    if (encrypted) encrypted.antiReplayWindow = createReplayWindow();
    armRetransmission();
  };

  clearTimeout(library._connectionTimeout); // the caller keeps the time
  udp.removeAllListeners();
  udp.once("listening", () => udp.connect(port, address));
  udp.once("connect", start);
  udp.on("message", onDatagram);
  udp.on("error", (error: NodeJS.ErrnoException) => {
    // Nobody listens there now, but somebody may soon: the flight is repeated.
    if (error.code === "ECONNREFUSED") heard = heard === "nothing" ? "refused" : heard;
    else if (state === "handshaking" && localPort === 0) fail(`no socket: ${error.message}`);
  });
  socket.on("connected", () => {
    if (state !== "handshaking") return;
    state = "connected";
    cancelRetransmission?.();
    events.connected();
  });
  socket.on("error", (error) => fail(error.message));

  return {
    get localPort() {
      return localPort;
    },
    get heard() {
      return heard;
    },
    send(datagram) {
      if (state !== "connected") return;
      guarded(() => library.recordLayer?.send({ type: CONTENT.applicationData, data: datagram }));
    },
    close() {
      end(true);
    },
  };
}

/**
 * An extensions block with nothing in it, where the library leaves the block out: Scandium 3 takes no ClientHello
 * without one (RFC 5246 §7.4.1.2 allows both).
 */
const NO_EXTENSIONS = { items: [], serialize: () => Buffer.from([0, 0]) };

const OPEN_WINDOW: ReplayWindow = { mayReceive: () => true, markAsReceived() {} };
