/** The private side of node-dtls-client 2.0.3, as far as it is used: its handshake and record layer, never its socket. */
import type { Socket } from "node:dgram";
import { dtls } from "node-dtls-client";
import type { HandshakeMessage } from "#coap/dtls-handshake";
import { createReplayWindow, type ReplayWindow } from "#coap/replay-window";

export interface LibraryOptions {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  readonly identity: Buffer;
  readonly key: Buffer;
  /** IANA names the library knows. */
  readonly ciphers: readonly string[];
}

export interface DtlsRecord {
  readonly type: number;
  readonly data: Buffer;
}

/** ContentType, RFC 5246 §6.2.1. */
export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** A suite as the library has it; opaque but for its PRF's hash. */
export interface CipherSuite {
  readonly prfAlgorithm: string;
}

export interface ConnectionState {
  server_random: Buffer;
  cipherSuite: CipherSuite;
  protocolVersion: object;
  master_secret: Buffer;
  /** Absent until the keys of the epoch are known. */
  key_material?: object;
  computeMasterSecret(premaster: { serialize(): Buffer }): void;
  computeKeyMaterial(): void;
}

export interface RecordLayer {
  readonly epochs: [Epoch, Epoch];
  readonly _readEpochNr: number;
  _writeEpochNr: number;
  send(record: DtlsRecord, callback?: () => void): void;
  /** In one datagram; what follows a ChangeCipherSpec is of the next epoch. */
  sendFlight(records: readonly DtlsRecord[]): void;
  receive(records: Buffer): DtlsRecord[];
  advanceReadEpoch(): void;
}

interface Epoch {
  antiReplayWindow: ReplayWindow;
  readonly connectionState: ConnectionState;
}

interface ClientMessage {
  readonly msg_type: number;
  toFragment(): { serialize(): Buffer };
}

export interface ClientHello extends ClientMessage {
  readonly client_version: object;
  session_id: Buffer;
  readonly cipher_suites: { readonly items: readonly number[] };
  extensions: { readonly items: readonly unknown[]; serialize(): Buffer };
}

export interface Handshake {
  lastProcessedSeqNum: number;
  readonly lastSentSeqNum: number;
  readonly lastFlight: readonly ClientMessage[];
  /** null while a flight of the server is being worked on. */
  readonly expectedResponses: number[] | null;
  /** What Finished is computed over. */
  readonly allHandshakeData: Buffer[];
  processIncomingMessage(message: HandshakeMessage): void;
  sendFlight(flight: readonly ClientMessage[], expectedResponses: number[], retransmit: boolean): void;
  computeVerifyData(messages: Buffer, source: "client" | "server"): Buffer;
}

interface Internals {
  udp: object;
  readonly recordLayer: RecordLayer;
  readonly handshakeHandler: Handshake;
  _connectionTimeout: NodeJS.Timeout;
  udp_onListening(): void;
}

/** One handshake under way. */
export interface LibraryHandshake {
  readonly layer: RecordLayer;
  readonly handshake: Handshake;
  readonly hello: ClientHello;
}

export interface Library {
  /** Binds by itself to a free port; everything else is the caller's. */
  readonly udp: Socket;
  /** Makes a ClientHello, once `udp` is connected to the server; sending it is the caller's. @throws Error of the library */
  begin(): LibraryHandshake;
}

export interface LibraryEvents {
  /** The server's Finished is right. */
  connected(): void;
  failed(reason: string): void;
}

/** In epoch 0, where all can be forged, a window only harms; handshake messages carry numbers of their own. */
const OPEN_WINDOW: ReplayWindow = { mayReceive: () => true, markAsReceived() {} };

export function openLibrary(options: LibraryOptions, events: LibraryEvents): Library {
  const { address, family, port } = options;
  const socket = dtls.createSocket({
    type: family === 4 ? "udp4" : "udp6",
    address,
    port,
    psk: { [options.identity.toString("latin1")]: options.key }, // the library writes it back byte by byte
    ciphers: options.ciphers as NonNullable<dtls.Options["ciphers"]>,
  });
  const internals = socket as unknown as Internals;
  const udp = internals.udp as Socket;
  clearTimeout(internals._connectionTimeout); // the caller keeps the time
  udp.removeAllListeners();
  socket.on("connected", events.connected);
  socket.on("error", (error) => events.failed(error.message));

  return {
    udp,
    begin() {
      let isMuted = true; // the ClientHello leaves when the caller has completed it
      internals.udp = {
        // The socket is connected, so that the kernel drops what others send: no addresses.
        send(datagram: Buffer, offset: number, length: number, _port: number, _address: string, callback?: () => void) {
          if (!isMuted) udp.send(datagram, offset, length, callback);
        },
        removeAllListeners: () => udp,
        close: () => udp,
      };
      internals.udp_onListening();
      isMuted = false;
      clearTimeout(internals._connectionTimeout);
      const { recordLayer: layer, handshakeHandler: handshake } = internals;
      const [plain, sealed] = layer.epochs;
      plain.antiReplayWindow = OPEN_WINDOW;
      sealed.antiReplayWindow = createReplayWindow();
      return { layer, handshake, hello: handshake.lastFlight[0] as ClientHello };
    },
  };
}
