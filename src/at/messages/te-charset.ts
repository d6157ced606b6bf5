/** Text between the host's character set, AT+CSCS, and characters (3GPP TS 27.007 §5.5). */
import { fromSeptets, septetsOf } from "#modem/sms/gsm-alphabet";

/** For a character that a set has not. */
const UNKNOWN = "?";

/** @param charset "GSM", "IRA" or "UCS2" @returns characters up to 0xFF, one a byte */
export function toTe(text: string, charset: string): string {
  if (charset === "UCS2") return Buffer.from(text, "utf16le").swap16().toString("hex").toUpperCase();
  if (charset === "GSM") {
    return [...text].map((letter) => String.fromCharCode(...(septetsOf(letter) ?? [UNKNOWN.charCodeAt(0)]))).join("");
  }
  return [...text].map((letter) => (letter <= "\u007f" ? letter : UNKNOWN)).join("");
}

/** @param typed one character a byte @returns undefined for what the set has not */
export function fromTe(typed: string, charset: string): string | undefined {
  if (charset === "UCS2") {
    if (!/^([0-9A-Fa-f]{4})*$/.test(typed)) return undefined;
    return Buffer.from(typed, "hex").swap16().toString("utf16le");
  }
  const codes = Buffer.from(typed, "latin1");
  if (codes.some((code) => code > 0x7f)) return undefined;
  return charset === "GSM" ? fromSeptets(codes) : typed;
}
