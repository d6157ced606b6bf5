/** A DTLS 1.2 server with pre-shared keys, independent of the product's stack: the OpenSSL that Node itself carries. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import koffi from "koffi";

export interface DtlsServerOptions {
  /** The key of an identity; undefined answers unknown_psk_identity. */
  key(identity: Buffer): Buffer | undefined;
  /** OpenSSL's names, the server's preference first. Default PSK-AES128-CCM8. */
  readonly ciphers?: string;
  readonly hint?: string;
  /** Whether a HelloVerifyRequest comes first. Default true. */
  readonly cookies?: boolean;
  /** RFC 7627. Default true. */
  readonly extendedMasterSecret?: boolean;
  /** Default 1.2, and nothing else. */
  readonly version?: "1.0" | "1.2";
  /** Default a free one. */
  readonly port?: number;
  onMessage?(message: Buffer, session: DtlsServerSession): void;
  /** A handshake is done. */
  onSession?(session: DtlsServerSession): void;
}

export interface DtlsServerSession {
  readonly clientPort: number;
  readonly identity: Buffer;
  /** The suite's IANA name. */
  readonly cipher: string;
  /** The handshake was an abbreviated one (RFC 5246 §7.3). */
  readonly resumed: boolean;
  /** RFC 7627. */
  readonly extendedMasterSecret: boolean;
  /** The client has said close_notify. */
  readonly ended: boolean;
  send(message: Buffer): void;
  /** Says close_notify. */
  close(): void;
}

export interface DtlsServer {
  readonly port: number;
  /** All whose handshake has been done so far. */
  readonly sessions: readonly DtlsServerSession[];
  /** Resolves once that is so; looked at whenever a datagram has been worked on. */
  until(isSo: (server: DtlsServer) => boolean | undefined): Promise<void>;
  /** As if the process was killed: nothing is said, all sessions are forgotten. */
  close(): Promise<void>;
}

// of the headers of OpenSSL
const SSL_OP_NO_EXTENDED_MASTER_SECRET = 1;
const SSL_OP_NO_RENEGOTIATION = 0x40000000;
const SSL_OP_COOKIE_EXCHANGE = 0x2000;
const SSL_OP_SERVER_PREFERENCE = 0x400000;
const SSL_OP_NO_QUERY_MTU = 0x1000;
const SSL_CTRL_SET_MTU = 17;
const DTLS_CTRL_HANDLE_TIMEOUT = 74;
const SSL_CTRL_GET_EXTMS_SUPPORT = 122;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const SSL_SENT_SHUTDOWN = 1;
const SSL_RECEIVED_SHUTDOWN = 2;
const SSL_ERROR_SSL = 1;
const VERSIONS = { "1.0": 0xfeff, "1.2": 0xfefd } as const;

const MTU_BYTES = 1400;
/** How often OpenSSL is asked whether a flight is to be sent again. */
const TIMEOUT_POLL_MS = 100;
const COOKIE = Buffer.from("a cookie of 16 B");

type Pointer = unknown;

const library = koffi.load(null);
const declare = (definition: string) => library.func(definition);
const PskCallback = koffi.pointer(
  koffi.proto("uint32_t PskCallback(void *ssl, void *identity, void *psk, uint32_t max)"),
);
const CookieCallback = koffi.pointer(koffi.proto("int CookieCallback(void *ssl, void *cookie, void *length)"));
const VerifyCallback = koffi.pointer(koffi.proto("int VerifyCallback(void *ssl, void *cookie, uint32_t length)"));
const openssl = {
  method: declare("void *DTLS_server_method()"),
  newContext: declare("void *SSL_CTX_new(void *method)"),
  freeContext: declare("void SSL_CTX_free(void *context)"),
  setCiphers: declare("int SSL_CTX_set_cipher_list(void *context, const char *names)"),
  contextControl: declare("long SSL_CTX_ctrl(void *context, int command, long number, void *pointer)"),
  setOptions: declare("uint64_t SSL_CTX_set_options(void *context, uint64_t options)"),
  setHint: declare("int SSL_CTX_use_psk_identity_hint(void *context, const char *hint)"),
  setPskCallback: declare("void SSL_CTX_set_psk_server_callback(void *context, PskCallback *callback)"),
  setCookieCallback: declare("void SSL_CTX_set_cookie_generate_cb(void *context, CookieCallback *callback)"),
  setVerifyCallback: declare("void SSL_CTX_set_cookie_verify_cb(void *context, VerifyCallback *callback)"),
  open: declare("void *SSL_new(void *context)"),
  free: declare("void SSL_free(void *ssl)"),
  accept: declare("void SSL_set_accept_state(void *ssl)"),
  control: declare("long SSL_ctrl(void *ssl, int command, long number, void *pointer)"),
  memory: declare("void *BIO_s_mem()"),
  newBio: declare("void *BIO_new(void *method)"),
  setBio: declare("void SSL_set_bio(void *ssl, void *input, void *output)"),
  bioRead: declare("int BIO_read(void *bio, _Out_ uint8_t *into, int length)"),
  bioWrite: declare("int BIO_write(void *bio, const uint8_t *from, int length)"),
  handshake: declare("int SSL_do_handshake(void *ssl)"),
  isHandshaking: declare("int SSL_in_init(void *ssl)"),
  read: declare("int SSL_read(void *ssl, _Out_ uint8_t *into, int length)"),
  write: declare("int SSL_write(void *ssl, const uint8_t *from, int length)"),
  error: declare("int SSL_get_error(void *ssl, int result)"),
  clearErrors: declare("void ERR_clear_error()"),
  shutdown: declare("int SSL_shutdown(void *ssl)"),
  setShutdown: declare("void SSL_set_shutdown(void *ssl, int mode)"),
  getShutdown: declare("int SSL_get_shutdown(void *ssl)"),
  identity: declare("void *SSL_get_psk_identity(void *ssl)"),
  resumed: declare("int SSL_session_reused(void *ssl)"),
  currentCipher: declare("void *SSL_get_current_cipher(void *ssl)"),
  standardName: declare("const char *SSL_CIPHER_standard_name(void *cipher)"),
};

interface Session {
  readonly ssl: Pointer;
  readonly input: Pointer;
  readonly output: Pointer;
  readonly clientPort: number;
  isEnded: boolean;
  shown?: DtlsServerSession;
}

export async function openDtlsServer(options: DtlsServerOptions): Promise<DtlsServer> {
  const { ciphers = "PSK-AES128-CCM8", cookies = true, extendedMasterSecret = true, version = "1.2" } = options;
  const context = openssl.newContext(openssl.method()) as Pointer;
  const names = `${ciphers}:@SECLEVEL=0`; // CCM_8 and DTLS 1.0 stand below OpenSSL's usual demands
  if (openssl.setCiphers(context, names) !== 1) throw new Error(`OpenSSL does not know ${ciphers}`);
  openssl.contextControl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, VERSIONS[version], null);
  openssl.contextControl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, VERSIONS[version], null);
  const flags =
    SSL_OP_NO_QUERY_MTU |
    SSL_OP_NO_RENEGOTIATION |
    SSL_OP_SERVER_PREFERENCE |
    (cookies ? SSL_OP_COOKIE_EXCHANGE : 0) |
    (extendedMasterSecret ? 0 : SSL_OP_NO_EXTENDED_MASTER_SECRET);
  openssl.setOptions(context, flags);
  if (options.hint !== undefined) openssl.setHint(context, options.hint);

  const callbacks = [
    koffi.register((_ssl: Pointer, identity: Pointer, psk: Pointer) => {
      const key = options.key(readText(identity));
      if (key) koffi.encode(psk, koffi.array("uint8_t", key.length), key);
      return key?.length ?? 0;
    }, PskCallback),
    koffi.register((_ssl: Pointer, cookie: Pointer, length: Pointer) => {
      koffi.encode(cookie, koffi.array("uint8_t", COOKIE.length), COOKIE);
      koffi.encode(length, "uint32_t", COOKIE.length);
      return 1;
    }, CookieCallback),
    koffi.register(
      (_ssl: Pointer, cookie: Pointer, length: number) => Number(COOKIE.equals(readBytes(cookie, length))),
      VerifyCallback,
    ),
  ] as const;
  openssl.setPskCallback(context, callbacks[0]);
  openssl.setCookieCallback(context, callbacks[1]);
  openssl.setVerifyCallback(context, callbacks[2]);

  const socket = createSocket("udp4");
  socket.bind(options.port ?? 0, "127.0.0.1");
  await once(socket, "listening");
  const clients = new Map<number, Session>();
  const sessions: DtlsServerSession[] = [];
  const watchers = new Set<() => void>();

  const openSession = (clientPort: number): Session => {
    const ssl = openssl.open(context) as Pointer;
    const input = openssl.newBio(openssl.memory()) as Pointer;
    const output = openssl.newBio(openssl.memory()) as Pointer;
    openssl.setBio(ssl, input, output);
    openssl.accept(ssl);
    openssl.control(ssl, SSL_CTRL_SET_MTU, MTU_BYTES, null);
    const session: Session = { ssl, input, output, clientPort, isEnded: false };
    clients.set(clientPort, session);
    return session;
  };

  /** Sends what OpenSSL has written. */
  const flush = ({ output, clientPort }: Session) => {
    const into = Buffer.alloc(65536);
    const length = openssl.bioRead(output, into, into.length) as number;
    if (length > 0) socket.send(into.subarray(0, length), clientPort, "127.0.0.1");
  };

  const drop = (session: Session) => {
    if (session.isEnded) return;
    session.isEnded = true;
    clients.delete(session.clientPort);
    openssl.setShutdown(session.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); // else it is not kept for resumption
    openssl.free(session.ssl);
  };

  const present = (session: Session): DtlsServerSession => ({
    clientPort: session.clientPort,
    identity: readText(openssl.identity(session.ssl)),
    cipher: openssl.standardName(openssl.currentCipher(session.ssl)) as string,
    resumed: openssl.resumed(session.ssl) === 1,
    extendedMasterSecret: openssl.control(session.ssl, SSL_CTRL_GET_EXTMS_SUPPORT, 0, null) === 1,
    get ended() {
      return session.isEnded;
    },
    send(message) {
      if (session.isEnded) return;
      openssl.write(session.ssl, message, message.length);
      flush(session);
    },
    close() {
      if (session.isEnded) return;
      openssl.shutdown(session.ssl);
      flush(session);
      drop(session);
    },
  });

  const work = (session: Session, datagram?: Buffer) => {
    openssl.clearErrors();
    if (datagram) openssl.bioWrite(session.input, datagram, datagram.length);
    else openssl.control(session.ssl, DTLS_CTRL_HANDLE_TIMEOUT, 0, null);
    const messages: Buffer[] = [];
    let result = openssl.handshake(session.ssl) as number;
    for (const into = Buffer.alloc(20_000); result > 0; ) {
      result = openssl.read(session.ssl, into, into.length) as number;
      if (result > 0) messages.push(Buffer.from(into.subarray(0, result)));
    }
    const isOver =
      openssl.error(session.ssl, result) === SSL_ERROR_SSL ||
      ((openssl.getShutdown(session.ssl) as number) & SSL_RECEIVED_SHUTDOWN) !== 0;
    flush(session);
    if (!session.shown && openssl.isHandshaking(session.ssl) === 0) {
      session.shown = present(session);
      sessions.push(session.shown);
      options.onSession?.(session.shown);
    }
    for (const message of messages) if (session.shown) options.onMessage?.(message, session.shown);
    if (isOver) drop(session);
    for (const look of watchers) look();
  };

  socket.on("message", (datagram, { port }) => work(clients.get(port) ?? openSession(port), datagram));
  const timer = setInterval(() => {
    for (const session of clients.values()) work(session);
  }, TIMEOUT_POLL_MS);

  let closing: Promise<unknown> | undefined;
  const server: DtlsServer = {
    port: socket.address().port,
    sessions,
    until: (isSo) =>
      new Promise((resolve) => {
        const look = () => {
          if (!isSo(server)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async close() {
      closing ??= (async () => {
        clearInterval(timer);
        socket.close();
        await once(socket, "close");
        for (const session of [...clients.values()]) drop(session);
        openssl.freeContext(context);
        for (const callback of callbacks) koffi.unregister(callback);
      })();
      await closing;
    },
  };
  return server;
}

const readBytes = (pointer: Pointer, length: number): Buffer =>
  Buffer.from(koffi.decode(pointer, koffi.array("uint8_t", length, "Array")) as number[]);

/** The bytes before the first zero. */
function readText(pointer: Pointer): Buffer {
  let length = 0;
  while (koffi.decode(pointer, length, "uint8_t") !== 0) length++;
  return readBytes(pointer, length);
}

/** A UDP port nobody uses right now. */
export async function findFreePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

/** Resolves once the kernel has told that nobody listens there, as it then has to all who asked before. */
export async function refusedAt(port: number): Promise<void> {
  const probe = createSocket("udp4");
  const refused = once(probe, "error").catch(() => {});
  probe.connect(port, "127.0.0.1");
  await once(probe, "connect");
  probe.send("x");
  await refused;
  probe.close();
}
