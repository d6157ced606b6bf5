/** Elementary files of the simulated card, by file id (3GPP TS 31.102 §4, ETSI TS 102 221 §13.2). */
import type { ModemState } from "#modem/state";

/** Digits in pairs, the first of a pair in the low half; "F" fills. */
function swapped(digits: string): Buffer {
  const even = digits.length % 2 === 0 ? digits : `${digits}F`;
  return Buffer.from(even.replace(/(.)(.)/g, "$2$1"), "hex");
}

/** The home network: the IMSI begins with it, and the serving one has as many digits. */
function homeNetwork({ sim, radio }: ModemState) {
  const { imsi } = sim;
  return { mcc: imsi.slice(0, 3), mnc: imsi.slice(3, 3 + radio.mnc.length) };
}

/** MCC 2 1, MNC 3 or F and MCC 3, MNC 2 1 (3GPP TS 24.008 §10.5.1.3). */
function encodePlmn({ mcc, mnc }: { readonly mcc: string; readonly mnc: string }): Buffer {
  return swapped(`${mcc}${mnc[2] ?? "F"}${mnc.slice(0, 2)}`);
}

/** E-UTRAN and GSM. */
const TECHNOLOGIES = Buffer.from("4080", "hex");

const FILES: Readonly<Record<number, (state: ModemState) => Buffer>> = {
  // EF ICCID 2FE2
  12258: ({ sim }) => swapped(sim.iccid),
  // EF IMSI 6F07: length, parity and the first digit, then pairs
  28423({ sim: { imsi } }) {
    const parity = imsi.length % 2 === 1 ? "9" : "1";
    const digits = swapped(`${parity}${imsi}`);
    return Buffer.concat([Buffer.of(digits.length), digits]);
  },
  // EF HPLMNwAcT 6F62
  28514: (state) => Buffer.concat([encodePlmn(homeNetwork(state)), TECHNOLOGIES]),
  // EF AD 6FAD: normal operation, digits of the MNC
  28589: (state) => Buffer.of(0, 0, 0, state.radio.mnc.length),
};

/** @returns undefined for a file that the card does not have. */
export const readCardFile = (state: ModemState, id: number): Buffer | undefined => FILES[id]?.(state);
