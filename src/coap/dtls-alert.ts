/** Alerts of DTLS (RFC 5246 §7.2, RFC 4279 §2), and what an operator can do about those of a server. */

export const CLOSE_NOTIFY = 0;
export const HANDSHAKE_FAILURE = 40;
export const ILLEGAL_PARAMETER = 47;
export const DECRYPT_ERROR = 51;
export const PROTOCOL_VERSION = 70;

const WARNING = 1;
const FATAL = 2;

const NAMES: Readonly<Record<number, string>> = {
  [CLOSE_NOTIFY]: "close_notify",
  10: "unexpected_message",
  20: "bad_record_mac",
  [HANDSHAKE_FAILURE]: "handshake_failure",
  [ILLEGAL_PARAMETER]: "illegal_parameter",
  48: "unknown_ca",
  49: "access_denied",
  50: "decode_error",
  [DECRYPT_ERROR]: "decrypt_error",
  [PROTOCOL_VERSION]: "protocol_version",
  71: "insufficient_security",
  80: "internal_error",
  90: "user_canceled",
  115: "unknown_psk_identity",
};

const REMEDIES: Readonly<Record<number, string>> = {
  20: "give the server and the modem the same key",
  [HANDSHAKE_FAILURE]: "offer a cipher suite the server has (lwm2m.ciphers)",
  [DECRYPT_ERROR]: "give the server and the modem the same key",
  [PROTOCOL_VERSION]: "let the server speak DTLS 1.2",
  71: "offer a cipher suite the server has (lwm2m.ciphers)",
  115: "give the server and the modem the same PSK identity",
};

export interface Alert {
  readonly isFatal: boolean;
  readonly description: number;
  /** E.g. "the server sent the alert handshake_failure: offer a cipher suite the server has". */
  readonly text: string;
}

/** @returns undefined for what is no alert */
export function parseAlert(data: Buffer): Alert | undefined {
  const [level, description] = data;
  if (level === undefined || description === undefined) return undefined;
  const remedy = REMEDIES[description];
  const name = NAMES[description] ?? `number ${description}`;
  return {
    isFatal: level === FATAL,
    description,
    text: `the server sent the alert ${name}${remedy === undefined ? "" : `: ${remedy}`}`,
  };
}

export const formatAlert = (description: number): Buffer =>
  Buffer.from([description === CLOSE_NOTIFY ? WARNING : FATAL, description]);
