/** The abbreviated handshake with a server that still knows an earlier session (RFC 5246 §7.3, RFC 6347 §4.2). */
import { FINISHED, formatHandshake, type HandshakeMessage, type ServerHello } from "#coap/dtls-handshake";
import { type CipherSuite, CONTENT, type LibraryHandshake } from "#coap/dtls-library";
import { EXTENDED_MASTER_SECRET } from "#coap/dtls-master-secret";

/** What both sides remember of a session. */
export interface DtlsTicket {
  readonly sessionId: Buffer;
  readonly masterSecret: Buffer;
  readonly cipherSuite: CipherSuite;
  /** Whether the master secret is an extended one; a session is resumed as it was made (RFC 7627 §5.3). */
  readonly isExtended: boolean;
}

/** What a full handshake leaves; undefined where the server gave it no name. */
export function ticketOf({ layer }: LibraryHandshake, hello: ServerHello): DtlsTicket | undefined {
  const { sessionId, extensions } = hello;
  const { master_secret: masterSecret, cipherSuite } = layer.epochs[1].connectionState;
  const isExtended = extensions.includes(EXTENDED_MASTER_SECRET);
  return sessionId.length === 0 ? undefined : { sessionId, masterSecret, cipherSuite, isExtended };
}

/** Takes the ServerHello that agrees to resume: from here on records of epoch 1 can be read. */
export function acceptResumption(
  { layer, hello }: LibraryHandshake,
  { random }: ServerHello,
  { cipherSuite, masterSecret }: DtlsTicket,
): void {
  const [plain, sealed] = layer.epochs;
  const state = sealed.connectionState;
  plain.connectionState.protocolVersion = hello.client_version;
  state.protocolVersion = hello.client_version;
  state.server_random = random;
  state.cipherSuite = cipherSuite;
  state.master_secret = masterSecret;
  state.computeKeyMaterial();
}

/**
 * Takes the server's Finished.
 * @returns sends the answering ChangeCipherSpec and Finished, as often as it is called; undefined if the server's is wrong
 */
export function finishResumption(
  { layer, handshake }: LibraryHandshake,
  { message_seq, fragment }: HandshakeMessage,
): (() => void) | undefined {
  const { allHandshakeData } = handshake;
  if (!handshake.computeVerifyData(Buffer.concat(allHandshakeData), "server").equals(fragment)) return undefined;
  allHandshakeData.push(formatHandshake(FINISHED, message_seq, fragment));
  const proof = handshake.computeVerifyData(Buffer.concat(allHandshakeData), "client");
  const flight = [
    { type: CONTENT.changeCipherSpec, data: Buffer.from([1]) },
    { type: CONTENT.handshake, data: formatHandshake(FINISHED, handshake.lastSentSeqNum + 1, proof) },
  ];
  return () => {
    layer._writeEpochNr = 0; // ChangeCipherSpec belongs to epoch 0
    layer.sendFlight(flight);
  };
}

/** Whose a ticket is. */
export interface TicketHolder {
  readonly peer: string;
  readonly identity: Buffer;
  readonly key: Buffer;
}

/** Tickets for one use each: a handshake that fails with one is made without it the next time. */
export interface TicketBox {
  take(holder: TicketHolder): DtlsTicket | undefined;
  put(holder: TicketHolder, ticket: DtlsTicket): void;
}

/** More than a module has accounts. */
const MAX_TICKETS = 16;

export function createTicketBox(): TicketBox {
  const tickets = new Map<string, DtlsTicket>();
  const nameOf = ({ peer, identity, key }: TicketHolder) =>
    `${peer} ${identity.toString("hex")} ${key.toString("hex")}`;
  return {
    take(holder) {
      const ticket = tickets.get(nameOf(holder));
      tickets.delete(nameOf(holder));
      return ticket;
    },
    put(holder, ticket) {
      if (tickets.size >= MAX_TICKETS) tickets.clear();
      tickets.set(nameOf(holder), ticket);
    },
  };
}
