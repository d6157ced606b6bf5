/** Commands of a BG96 that hosts may send and that answer ERROR here, with what they would need. */

export interface NotOffered {
  readonly why: string;
  /** As typed. */
  readonly commands: readonly string[];
}

export const NOT_OFFERED: readonly NotOffered[] = [
  {
    why: "TCP and UDP sockets of the host",
    commands: [
      "AT+QIOPEN",
      "AT+QICLOSE",
      "AT+QISEND",
      "AT+QISENDEX",
      "AT+QIRD",
      "AT+QISTATE",
      "AT+QICFG",
      "AT+QIDNSGIP",
    ],
  },
  {
    why: "TLS sockets of the host",
    commands: ["AT+QSSLCFG", "AT+QSSLOPEN", "AT+QSSLSEND", "AT+QSSLRECV", "AT+QSSLCLOSE", "AT+QSSLSTATE"],
  },
  { why: "HTTP of the host", commands: ["AT+QHTTPCFG", "AT+QHTTPURL", "AT+QHTTPGET", "AT+QHTTPPOST", "AT+QHTTPREAD"] },
  {
    why: "MQTT of the host",
    commands: ["AT+QMTCFG", "AT+QMTOPEN", "AT+QMTCLOSE", "AT+QMTCONN", "AT+QMTDISC", "AT+QMTSUB", "AT+QMTPUB"],
  },
  { why: "PPP: answered NO CARRIER", commands: ["ATD*99***<cid>#", "ATO"] },
  {
    why: "of Korean builds alone; the fields of their answers are not public",
    commands: ["AT+QCPWR", "AT+QCDS"],
  },
  {
    why: "rare, and nothing simulated stands behind them",
    commands: ["AT+QPSMEXTCFG", "AT+QNVFR", "AT+QNVFW", "AT+CMER", "AT+CPOL", "AT+CPLS", "AT+CGQREQ", "AT+CGQMIN"],
  },
  {
    why: "no command but the beginning of URCs, which AT+QINDCFG chooses",
    commands: ["AT+QIND"],
  },
];
