/** Every option there is, one row each: how it is written as text, what it may be, and what to say when it is not. */
import { z } from "zod";
import { KNOWN_CIPHERS } from "#coap/cipher-suites";
import type { Config } from "#config";
import { parseAddress } from "#config/address";
import { nearest } from "#config/nearest";
import { FIRMWARE_FAULTS } from "#modem/state";

/** "log.level" and so on: the path of every option in the Config. */
export type OptionPath = Paths<Config>;
type Paths<T> = {
  [Key in keyof T & string]: T[Key] extends Option ? Key : `${Key}.${Paths<T[Key]>}`;
}[keyof T & string];
type Option = string | number | boolean | undefined | readonly string[];

export interface OptionRow {
  readonly kind: "text" | "number" | "flag" | "list";
  readonly schema: z.ZodType;
  /** Completes "give …". */
  readonly allowed: string;
  /** "" in a file or a variable means none. */
  readonly optional?: boolean;
  /** Of a file, meant from where the configuration file is. */
  readonly isPath?: boolean;
  /** Never shown. */
  readonly secret?: boolean;
  /** A better remedy than `allowed`, where the value tells. */
  remedy?(value: unknown): string | undefined;
}

const choice = (...values: readonly [string, ...string[]]): OptionRow => ({
  kind: "text",
  schema: z.enum(values),
  allowed: `one of ${values.join(", ")}`,
});
const whole = (least: number, most: number): OptionRow => ({
  kind: "number",
  schema: z.int().min(least).max(most),
  allowed: `a whole number from ${least} to ${most}`,
});
const text = (pattern: RegExp, allowed: string): OptionRow => ({
  kind: "text",
  schema: z.string().regex(pattern),
  allowed,
});
const flag: OptionRow = { kind: "flag", schema: z.boolean(), allowed: "true or false" };

/** Printable, so that it can stand in a line of text. */
const words = (most: number) =>
  text(new RegExp(`^[^\\p{Cc}"]{1,${most}}$`, "u"), `1 to ${most} characters without quotes or control characters`);
const path: OptionRow = { ...text(/^[^\0]+$/, "a path"), isPath: true, optional: true };

const isCipher = (name: unknown): boolean => KNOWN_CIPHERS.some((each) => each === name);

const SERVER = /^coaps?:\/\/(?:\[[0-9a-fA-F:.]+\]|[^[\]:/?#@\s]+)(?::(\d{1,5}))?\/?$/;

const isServer = (value: string): boolean => {
  const match = SERVER.exec(value);
  return match !== null && Number(match[1] ?? 1) >= 1 && Number(match[1] ?? 1) <= 65535;
};

/** The digit that makes a number pass the check of ISO/IEC 7812-1 Annex B. */
export function luhnDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

const imei: OptionRow = {
  kind: "text",
  // 3GPP TS 23.003 §6.2.1: 14 digits and a check digit
  schema: z.string().refine((value) => /^\d{15}$/.test(value) && Number(value[14]) === luhnDigit(value.slice(0, 14))),
  allowed: "15 digits, the last one the check digit of the others, in quotes",
  remedy(value) {
    const digits = /^(\d{14})\d?$/.exec(String(value))?.[1];
    return digits && `the check digit of ${digits} is ${luhnDigit(digits)}: give "${digits}${luhnDigit(digits)}"`;
  },
};

export const OPTIONS: Readonly<Record<OptionPath, OptionRow>> = {
  "log.level": choice("trace", "debug", "info", "warn", "error", "silent"),
  boot: choice("instant", "fast", "realistic"),
  efs: { ...path, allowed: "the directory of the module's files" },
  tty: { ...path, allowed: "the path of the port's symbolic link, or of a serial device" },
  usbmodem: { ...path, allowed: "the path of the second port's symbolic link, or of a serial device" },
  uart1: { ...path, allowed: "the path of the third port's symbolic link, or of a serial device" },
  tcp: {
    kind: "text",
    schema: z.string().refine((value) => parseAddress(value) !== undefined),
    allowed: "host:port, e.g. 127.0.0.1:5023; port 0 = a free one",
    optional: true,
  },
  nmea: { ...path, allowed: "the path of the NMEA port's symbolic link, or of a serial device" },
  qcli: { ...path, allowed: "the path of the debug port's symbolic link, or of a serial device" },
  pacing: flag,
  reopenOnReset: flag,
  rules: { ...path, allowed: "the path of a file of rules" },
  register: flag,
  "lwm2m.server": {
    kind: "text",
    schema: z.string().refine(isServer),
    allowed: "coap://host:port or coaps://host:port",
    optional: true,
  },
  "lwm2m.endpoint": words(255),
  "lwm2m.pskIdentity": { ...text(/^\P{Cc}{1,128}$/u, "1 to 128 characters"), optional: true },
  "lwm2m.pskKeyHex": {
    ...text(/^(?:[0-9a-fA-F]{2}){1,128}$/, "1 to 128 bytes in hexadecimal, two digits a byte"),
    optional: true,
    secret: true,
  },
  "lwm2m.lifetimeS": { ...whole(1, 86400), allowed: "1 to 86400 seconds", optional: true },
  "lwm2m.ciphers": {
    kind: "list",
    schema: z.array(z.string().refine(isCipher)).min(1),
    allowed: `a list of ${KNOWN_CIPHERS.join(", ")}`,
    remedy(value) {
      const wrong = Array.isArray(value) ? value.find((each) => !isCipher(each)) : undefined;
      if (wrong === undefined) return undefined;
      const close = nearest(String(wrong), KNOWN_CIPHERS);
      return `${JSON.stringify(wrong).slice(0, 80)} is none: ${close ? `did you mean ${close}?` : `there are ${KNOWN_CIPHERS.join(", ")}`}`;
    },
  },
  "lwm2m.registerVersion": choice("always", "above1.0"),
  "lwm2m.confirmableNotifications": flag,
  "lwm2m.oldFormats": flag,
  "lwm2m.serverInitiatedBootstrap": flag,
  "coap.ackTimeoutMs": whole(1, 600_000),
  "coap.ackRandomFactor": {
    kind: "number",
    schema: z.number().min(1).max(10),
    allowed: "a number from 1 to 10",
  },
  "coap.maxRetransmit": whole(0, 20),
  "coap.nstart": whole(1, 64),
  "dtls.handshakeTimeoutMs": whole(1, 600_000),
  "identity.imei": imei,
  "identity.revision": words(64),
  "identity.applicationRevision": words(64),
  "sim.present": flag,
  "sim.pin": { ...text(/^\d{4,8}$/, "4 to 8 digits in quotes"), optional: true, secret: true },
  "sim.iccid": text(/^89\d{16,17}[\dF]?$/, "89 and 16 to 18 more digits in quotes"),
  "sim.imsi": text(/^\d{14,15}$/, "14 or 15 digits in quotes"),
  "sim.msisdn": { ...text(/^\+?\d{3,15}$/, '3 to 15 digits in quotes, or "" for none'), optional: true },
  "network.apns": {
    kind: "list",
    schema: z.array(z.string().regex(/^[!-~]{1,100}$/)),
    allowed: 'a list of APNs, e.g. ["iot.example.com"]',
    optional: true,
  },
  "network.defaultApn": text(/^[!#-~]{1,63}$/, "1 to 63 characters without blanks and quotes"),
  "network.rejectCause": { ...whole(0, 255), allowed: "a cause of 3GPP TS 24.301, 1 to 255, or 0 for none" },
  "network.searchS": { ...whole(0, 86_400), allowed: "0 to 86400 seconds", optional: true },
  "network.activationS": whole(0, 150),
  "network.roaming": flag,
  "network.coverage": flag,
  "network.mcc": text(/^\d{3}$/, "3 digits in quotes"),
  "network.mnc": text(/^\d{2,3}$/, "2 or 3 digits in quotes"),
  "network.operatorLong": words(64),
  "network.operatorShort": words(16),
  "network.technology": choice("CAT-M1", "CAT-NB1", "GSM"),
  "network.rssiDbm": whole(-113, -51),
  "network.rsrpDbm": whole(-140, -44),
  "network.rsrqDb": whole(-20, -3),
  "network.sinrDb": whole(-20, 30),
  "dialect.edition": choice("1.1", "1.0"),
  "dialect.errors": choice("plain", "cme"),
  "dialect.cmeAtZero": flag,
  "dialect.mbspsName": choice("mbsps", "asAsked"),
  "dialect.mbspsStrict": flag,
  "dialect.epnsMode": flag,
  "dialect.shortLifetimes": flag,
  "dialect.bootstrapTriggers": flag,
  "dialect.uplinkSize": choice("exact", "lenient"),
  "dialect.uplinkObjects": choice("profile", "all"),
  "dialect.observeFlag": choice("always", "cancelOnly", "never"),
  "dialect.observeInverted": flag,
  "dialect.observeSpace": flag,
  "dialect.downlink": choice("full", "sample"),
  "dialect.downlinkHex": flag,
  "dialect.fotaPercent": choice("sample", "plain"),
  "dialect.networkNames": choice("field", "manual"),
  "dialect.msisdnUrn": choice("msisdn", "msisdh"),
  "dialect.operations": choice("all", "rwOnly"),
  "dialect.lwm2mCfgDefaults": choice("table", "sample"),
  "dialect.deregisterEvent": flag,
  "dialect.updateRefused": choice("register", "bootstrap"),
  "firmware.acceptAny": flag,
  "firmware.httpsVerify": flag,
  "firmware.fault": choice(...FIRMWARE_FAULTS),
  "firmware.faultPercent": whole(0, 100),
  "battery.percent": whole(0, 100),
  "battery.millivolts": whole(0, 6000),
};

/** As environment variables are named: BG96_LWM2M_PSK_KEY_HEX for lwm2m.pskKeyHex. */
export function variableOf(optionPath: string): string {
  return `BG96_${optionPath
    .replaceAll(".", "_")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase()}`;
}

/** What a variable or a command-line option means; text that does not fit stays text, to be refused by the schema. */
export function readText({ kind }: OptionRow, value: string): unknown {
  if (kind === "number") return value.trim() === "" || Number.isNaN(Number(value)) ? value : Number(value);
  if (kind === "flag")
    return value === "true" || value === "1" ? true : value === "false" || value === "0" ? false : value;
  if (kind === "list") return value.split(",").map((each) => each.trim());
  return value;
}
