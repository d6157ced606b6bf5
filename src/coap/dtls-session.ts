/**
 * One DTLS 1.2 session as its client, fit for lossy and hostile networks. node-dtls-client lacks retransmission,
 * resumption and servers without cookies, wedges on duplicates, goes deaf after 64 lost records and dies of odd
 * messages; so it is given nothing but what has been looked at here.
 */
import {
  CLOSE_NOTIFY,
  DECRYPT_ERROR,
  formatAlert,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
  PROTOCOL_VERSION,
  parseAlert,
} from "#coap/dtls-alert";
import {
  createAssembly,
  FINISHED,
  formatHandshake,
  type HandshakeMessage,
  parseServerHello,
  SERVER_HELLO,
  type ServerHello,
  splitHandshake,
} from "#coap/dtls-handshake";
import { CONTENT, type Handshake, type LibraryHandshake, type LibraryOptions, openLibrary } from "#coap/dtls-library";
import { EXTENDED_MASTER_SECRET, extendMasterSecret } from "#coap/dtls-master-secret";
import { acceptResumption, type DtlsTicket, finishResumption, ticketOf } from "#coap/dtls-resumption";
import type { Cancel, Clock, Log } from "#runtime";

export interface DtlsSessionOptions extends LibraryOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** An earlier session, to be resumed if the server still knows it. */
  readonly ticket: DtlsTicket | undefined;
}

export interface DtlsSessionEvents {
  /** The handshake is done. @param ticket for resuming this session later, where the server allows that */
  connected(ticket: DtlsTicket | undefined): void;
  message(datagram: Buffer): void;
  /** The session is over, before or after the handshake; not called after our own close(). */
  ended(reason: string): void;
}

export interface DtlsSession {
  /** 0 until the socket is bound. */
  readonly localPort: number;
  /** How far the handshake has got, for telling why it failed; "credentials": the server has been told our identity. */
  readonly reached: "nothing" | "refused" | "server" | "credentials";
  send(datagram: Buffer): void;
  /** Says close_notify and forgets the session. Idempotent. */
  close(): void;
}

/** RFC 6347 §4.1. */
const RECORD_HEADER_BYTES = 13;
const DTLS_1_2 = 0xfefd;
/** server_hello, hello_verify_request, server_key_exchange, server_hello_done: all a server says in a PSK handshake before Finished. */
const SERVER_MESSAGES: readonly number[] = [SERVER_HELLO, 3, 12, 14];
/** How far ahead of its turn a message may arrive. */
const MAX_AHEAD = 8;

/** RFC 6347 §4.2.4.1. */
const FIRST_RTO_MS = 1000;
const LAST_RTO_MS = 60_000;

/** The extensions block of the ClientHello; Scandium 3 takes none without one (RFC 5246 §7.4.1.4). */
const EXTENSIONS = { items: [], serialize: () => Buffer.from([0, 4, 0, EXTENDED_MASTER_SECRET, 0, 0]) };

const endsWithFinished = ({ lastFlight }: Handshake): boolean => lastFlight.at(-1)?.msg_type === FINISHED;

/** Binds a socket and begins the handshake; everything else comes as events. */
export function openDtlsSession(options: DtlsSessionOptions, events: DtlsSessionEvents): DtlsSession {
  const { clock, log, address, port, ticket } = options;
  const assembly = createAssembly();
  let state: "handshaking" | "connected" | "closed" = "handshaking";
  let reached: DtlsSession["reached"] = "nothing";
  let localPort = 0;
  let current: LibraryHandshake | undefined;
  let serverHello: ServerHello | undefined;
  /** The server has agreed to resume. */
  let isResuming = false;
  /** Sends our last flight once more, where that is the handshake's last. */
  let repeatLastFlight: (() => void) | undefined;
  let rtoMs = FIRST_RTO_MS;
  let cancelRetransmission: Cancel | undefined;

  const library = openLibrary(options, {
    connected: () => connect(current && serverHello && ticketOf(current, serverHello)),
    failed: (reason) => fail(reason),
  });
  const { udp } = library;

  const connect = (fresh: DtlsTicket | undefined) => {
    if (state !== "handshaking") return;
    state = "connected";
    cancelRetransmission?.();
    events.connected(fresh);
  };

  const closeUdp = () => {
    try {
      udp.close();
    } catch {
      // it is closed already
    }
  };

  /** @param farewell the alert to leave with */
  const end = (farewell?: number) => {
    if (state === "closed") return false;
    state = "closed";
    cancelRetransmission?.();
    if (farewell === undefined || !current) closeUdp();
    else {
      try {
        current.layer.send({ type: CONTENT.alert, data: formatAlert(farewell) }, closeUdp);
      } catch {
        closeUdp();
      }
    }
    return true;
  };

  const fail = (reason: string, farewell?: number) => {
    if (end(farewell)) events.ended(reason);
  };

  const retransmit = ({ layer, handshake }: LibraryHandshake) => {
    const { lastFlight, expectedResponses } = handshake;
    if (!expectedResponses) return;
    if (endsWithFinished(handshake)) layer._writeEpochNr = 0; // ChangeCipherSpec and what stands before it belong there
    handshake.sendFlight(lastFlight, expectedResponses, true);
  };

  const armRetransmission = (under: LibraryHandshake) => {
    cancelRetransmission?.();
    cancelRetransmission = clock.after(rtoMs, () => {
      rtoMs = Math.min(rtoMs * 2, LAST_RTO_MS);
      armRetransmission(under);
      guarded(() => retransmit(under));
    });
  };

  /** @returns whether the library is to go on with it */
  const onServerHello = (under: LibraryHandshake, message: HandshakeMessage): boolean => {
    const { handshake, hello } = under;
    serverHello = parseServerHello(message.fragment);
    const { version, cipherSuite, sessionId, extensions } = serverHello;
    if (version !== DTLS_1_2) {
      fail("the server does not speak DTLS 1.2", PROTOCOL_VERSION); // RFC 5246 §E.1
      return false;
    }
    if (!hello.cipher_suites.items.includes(cipherSuite)) {
      fail("the server has chosen a cipher suite that was not offered", ILLEGAL_PARAMETER);
      return false;
    }
    // The library counts the ClientHello from its cookie on; a server without cookies has seen the first one alone.
    if (handshake.allHandshakeData.length === 0) handshake.allHandshakeData.push(hello.toFragment().serialize());
    const isExtended = extensions.includes(EXTENDED_MASTER_SECRET);
    if (!ticket?.sessionId.equals(sessionId)) {
      if (isExtended) extendMasterSecret(under, options.identity);
      return true;
    }
    if (ticket.isExtended !== isExtended) {
      fail("the server resumes a session it did not make", HANDSHAKE_FAILURE); // RFC 7627 §5.3
      return false;
    }
    isResuming = true;
    handshake.lastProcessedSeqNum = message.message_seq;
    handshake.allHandshakeData.push(formatHandshake(SERVER_HELLO, message.message_seq, message.fragment));
    acceptResumption(under, serverHello, ticket);
    return false;
  };

  const onHandshake = (under: LibraryHandshake, data: Buffer, epoch: number) => {
    const { handshake } = under;
    for (const message of splitHandshake(data)) {
      const isExpected = epoch === 0 ? SERVER_MESSAGES.includes(message.msg_type) : message.msg_type === FINISHED;
      const ahead = message.message_seq - handshake.lastProcessedSeqNum;
      if (!isExpected || ahead < 1 || ahead > MAX_AHEAD) continue; // odd, repeated or absurd
      const whole = assembly.add(message);
      if (!whole || (whole.msg_type === SERVER_HELLO && !onServerHello(under, whole))) continue;
      if (!isResuming) handshake.processIncomingMessage(whole);
      else if (epoch === 1) {
        repeatLastFlight = finishResumption(under, whole);
        if (!repeatLastFlight) return fail("the server's Finished is wrong", DECRYPT_ERROR);
        repeatLastFlight();
        connect(ticket);
      }
    }
  };

  const onAlert = (data: Buffer) => {
    const alert = parseAlert(data);
    if (alert?.isFatal) fail(alert.text);
    else if (alert?.description === CLOSE_NOTIFY) fail("the server sent close_notify", CLOSE_NOTIFY); // RFC 5246 §7.2.1
  };

  const onRecord = (under: LibraryHandshake, record: Buffer) => {
    const { layer } = under;
    const epoch = record.readUInt16BE(3);
    if (epoch > 1) return;
    const hasKeys = layer.epochs[1].connectionState.key_material !== undefined;
    if (epoch === 1 && !hasKeys) return; // the library would keep a NULL cipher for this epoch for ever
    for (const { type, data } of layer.receive(record)) {
      // An authentic record of epoch 1 has overtaken the server's ChangeCipherSpec, or that one is lost.
      if (layer._readEpochNr < epoch) layer.advanceReadEpoch();
      if (type === CONTENT.handshake) {
        if (state === "handshaking") onHandshake(under, data, epoch);
        else repeatLastFlight?.(); // the server has not got it, RFC 6347 §4.2.4
      } else if (type === CONTENT.alert) onAlert(data);
      else if (type === CONTENT.changeCipherSpec && epoch === 0 && hasKeys) layer.advanceReadEpoch();
      else if (type === CONTENT.applicationData && epoch === 1 && state === "connected") events.message(data);
    }
  };

  const onDatagram = (under: LibraryHandshake, datagram: Buffer) => {
    const { handshake } = under;
    if (reached === "nothing" || reached === "refused") reached = "server";
    const sentBefore = handshake.lastSentSeqNum;
    let at = 0;
    while (state !== "closed" && at + RECORD_HEADER_BYTES <= datagram.length) {
      const next = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
      if (next > datagram.length) break;
      const record = datagram.subarray(at, next);
      guarded(() => onRecord(under, record));
      at = next;
    }
    if (state === "handshaking" && handshake.lastSentSeqNum !== sentBefore) {
      if (endsWithFinished(handshake)) reached = "credentials";
      rtoMs = FIRST_RTO_MS; // a new flight has left
      armRetransmission(under);
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
    try {
      const begun = library.begin();
      current = begun;
      begun.hello.extensions = EXTENSIONS;
      if (ticket) begun.hello.session_id = ticket.sessionId;
      udp.on("message", (datagram) => onDatagram(begun, datagram));
      retransmit(begun);
      armRetransmission(begun);
    } catch (error) {
      fail(`the handshake cannot begin: ${(error as Error).message}`);
    }
  };

  udp.once("listening", () => udp.connect(port, address));
  udp.once("connect", start);
  udp.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "ECONNREFUSED") {
      if (state === "handshaking" && localPort === 0) fail(`no socket: ${error.message}`);
    } else if (state === "connected") {
      fail("nobody listens there any more"); // and whoever will does not know this session
    } else if (reached === "nothing") {
      reached = "refused"; // somebody may listen there soon: the flight is repeated
    }
  });

  return {
    get localPort() {
      return localPort;
    },
    get reached() {
      return reached;
    },
    send(datagram) {
      if (state !== "connected") return;
      guarded(() => current?.layer.send({ type: CONTENT.applicationData, data: datagram }));
    },
    close() {
      end(CLOSE_NOTIFY);
    },
  };
}
