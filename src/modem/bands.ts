/** The bands a BG96 has: the channel each is simulated on, and its bit in the masks of AT+QCFG="band". */
import type { AccessTechnology } from "#modem/state";

/** The middle of the downlink, EARFCN (3GPP TS 36.101 Table 5.7.3-1). */
const LTE: Readonly<Record<number, number>> = {
  1: 300,
  2: 900,
  3: 1575,
  4: 2175,
  5: 2525,
  8: 3625,
  12: 5095,
  13: 5230,
  18: 5925,
  19: 6075,
  20: 6300,
  26: 8865,
  28: 9435,
};

/** By band, in MHz on GSM, where channels are ARFCN (3GPP TS 45.005 §2). */
const CHANNELS: Readonly<Record<AccessTechnology, Readonly<Record<number, number>>>> = {
  "CAT-M1": { ...LTE, 39: 38450 },
  "CAT-NB1": LTE,
  GSM: { 850: 190, 900: 62, 1800: 698, 1900: 661 },
};

/** @returns undefined for a band the module has not. */
export const channelOf = (technology: AccessTechnology, band: number): number | undefined => CHANNELS[technology][band];

export const bandsOf = (technology: AccessTechnology): readonly number[] =>
  Object.keys(CHANNELS[technology]).map(Number);

/** BG96 AT Commands Manual, AT+QCFG="band". */
const GSM_BITS: Readonly<Record<number, bigint>> = { 900: 1n, 1800: 2n, 850: 4n, 1900: 8n };

/** @param mask in hexadecimal, with or without 0x; every band is in what is none. */
export function isInMask(mask: string, technology: AccessTechnology, band: number): boolean {
  const [, digits] = /^(?:0x)?([0-9a-f]{1,20})$/i.exec(mask) ?? [];
  if (digits === undefined) return true;
  const bit = technology === "GSM" ? (GSM_BITS[band] ?? 0n) : 1n << BigInt(band - 1);
  return (BigInt(`0x${digits}`) & bit) !== 0n;
}
