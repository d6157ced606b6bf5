/** The arguments of an Execute (OMA TS 1.0.2 §5.4.5): up to ten numbered ones, each with or without a text, e.g. "2='10.3',7". */
import { CoapError } from "#coap/message";
import type { ExecuteArguments } from "#lwm2m/object";

/** arg = DIGIT / DIGIT "=" "'" *CHAR "'", CHAR = "!" / %x23-26 / %x28-5B / %x5D-7E: no blank, quote or backslash. */
const ARGUMENT = /([0-9])(?:='([!#-&(-[\]-~]*)')?(,|$)/;

/** @param payload empty where there are no arguments. @throws CoapError 4.00 */
export function decodeArguments(payload: Buffer): ExecuteArguments {
  const found = new Map<number, string | undefined>();
  const text = payload.toString("latin1");
  const next = new RegExp(ARGUMENT, "y");
  for (let more = text !== ""; more; ) {
    const [, digit, value, end] = next.exec(text) ?? [];
    if (digit === undefined) throw new CoapError("4.00", "execute: arguments are not of the form 0,1='text'");
    if (found.has(Number(digit))) throw new CoapError("4.00", `execute: argument ${digit} occurs twice`);
    found.set(Number(digit), value);
    more = end === ",";
  }
  return found;
}
