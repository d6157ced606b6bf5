/** The codes of failures and their words. */

/** `+CME ERROR`: 3GPP TS 27.007 §9.2.1, those a BG96 prints; then the ranges of its own manuals. */
export const CME_TEXTS: Readonly<Record<number, string>> = {
  3: "operation not allowed",
  4: "operation not supported",
  10: "SIM not inserted",
  11: "SIM PIN required",
  12: "SIM PUK required",
  13: "SIM failure",
  14: "SIM busy",
  15: "SIM wrong",
  16: "incorrect password",
  20: "memory full",
  22: "not found",
  30: "no network service",
  31: "network timeout",
  50: "Incorrect parameters",
  58: "invalid command line",
  100: "unknown",
  // Quectel BG96 FILE manual
  400: "Invalid input value",
  402: "Read zero byte",
  403: "Drive full",
  405: "File not found",
  406: "Invalid file name",
  407: "File already existed",
  409: "Fail to write the file",
  413: "Reach the max number of file allowed to be opened",
  414: "The file read-only",
  416: "Invalid file descriptor",
  421: "Time out",
  423: "File too large",
  426: "File already opened",
  // Quectel BG96 GNSS manual
  501: "Invalid parameter(s)",
  502: "Operation not supported",
  503: "GNSS subsystem busy",
  504: "Session is ongoing",
  505: "Session not active",
  506: "Operation timeout",
  507: "Function not enabled",
  508: "Time information error",
  509: "XTRA not enabled",
  512: "Validity time is out of range",
  513: "Internal resource error",
  514: "GNSS locked",
  515: "End by E911",
  516: "Not fixed now",
  517: "Geo-fence ID does not exist",
  549: "Unknown error",
};

/** `+CMS ERROR`: 3GPP TS 27.005 §3.2.5. */
export const CMS_TEXTS: Readonly<Record<number, string>> = {
  300: "ME failure",
  302: "Operation not allowed",
  303: "Operation not supported",
  304: "Invalid PDU mode",
  305: "Invalid text mode",
  310: "SIM not inserted",
  311: "SIM pin necessary",
  313: "SIM failure",
  314: "SIM busy",
  316: "SIM PUK required",
  321: "Invalid memory index",
  331: "No network",
  500: "Unknown",
};

/** What a `+CME` failure is called among short messages. */
export const CMS_OF_CME: Readonly<Record<number, number>> = {
  3: 302,
  4: 303,
  10: 310,
  11: 311,
  12: 316,
  13: 313,
  14: 314,
  30: 331,
  50: 305,
};

/** AT+QIGETERROR: BG96 TCP/IP Application Note §4. */
export const TCPIP_TEXTS = {
  0: "operate successfully",
  550: "unknown error",
  552: "invalid parameters",
  555: "operation not supported",
  561: "open PDP context failed",
  565: "DNS parse failed",
  569: "operation timeout",
  572: "operation not allowed",
  573: "APN not configured",
} as const;
export type TcpipCode = keyof typeof TCPIP_TEXTS;
