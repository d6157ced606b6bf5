/** What AT+QCFG says about the search for a network and about the attach, as it holds now. */
import { isInMask } from "#modem/bands";
import type { AccessTechnology, ModemState } from "#modem/state";

/** Of the factory, by the key behind "qcfg/", as AT+QCFG prints them. */
export const SEARCH_DEFAULTS = {
  nwscanmode: "0",
  nwscanseq: "020301",
  iotopmode: "0",
  band: "0xf,0x400a0e189f,0xa0e189f",
  servicedomain: "1",
  roamservice: "255",
  gprsattach: "1",
  "pdp/duplicatechk": "0",
} as const;

export type SearchSetting = keyof typeof SEARCH_DEFAULTS;

type Steering = Pick<ModemState, "settings" | "network">;

/** A value set with <effect> 0 is kept, and holds from the next start on. */
export const inForce = ({ settings, network }: Steering, key: SearchSetting): string =>
  network.untilRestart[key] ?? settings[`qcfg/${key}`] ?? SEARCH_DEFAULTS[key];

/** By <scanmode> 0, 1, 3 and, of LTE, <mode> of "iotopmode" 0, 1, 2. */
const SCANNED: Readonly<Record<string, readonly AccessTechnology[]>> = {
  0: ["CAT-M1", "CAT-NB1", "GSM"],
  1: ["GSM"],
  3: ["CAT-M1", "CAT-NB1"],
};
const LTE_CATEGORIES: Readonly<Record<string, readonly AccessTechnology[]>> = {
  0: ["CAT-M1"],
  1: ["CAT-NB1"],
  2: ["CAT-M1", "CAT-NB1"],
};

const isScanned = (state: Steering, technology: AccessTechnology): boolean =>
  (SCANNED[inForce(state, "nwscanmode")]?.includes(technology) ?? true) &&
  (technology === "GSM" || (LTE_CATEGORIES[inForce(state, "iotopmode")]?.includes(technology) ?? true));

/** Of the three masks of "band". */
const MASK_INDEX: Readonly<Record<AccessTechnology, number>> = { GSM: 0, "CAT-M1": 1, "CAT-NB1": 2 };

/** Whether the module looks for cells such as the one in reach: its technology and its band. */
export function isSought(state: Steering & Pick<ModemState, "radio">): boolean {
  const { technology, band } = state.radio;
  if (!isScanned(state, technology)) return false;
  return isInMask(inForce(state, "band").split(",")[MASK_INDEX[technology]] ?? "", technology, band);
}

/** Whether it may register where it has found a cell: "roamservice" 1 keeps it at home, and LTE has packets alone. */
export function mayRegister(state: Steering & Pick<ModemState, "radio">): boolean {
  if (state.network.roaming && inForce(state, "roamservice") === "1") return false;
  return state.radio.technology === "GSM" || takesPackets(state);
}

/** "servicedomain" 0 is circuits alone. */
export const takesPackets = (state: Steering): boolean => inForce(state, "servicedomain") !== "0";

/** Whether it is to be attached where it can. */
export const wantsAttach = (state: Steering): boolean =>
  state.network.attachWanted ?? inForce(state, "gprsattach") !== "0";

/** By two digits of "nwscanseq"; 00 is the module's own order. */
const SEQUENCE: Readonly<Record<string, AccessTechnology>> = { "01": "GSM", "02": "CAT-M1", "03": "CAT-NB1" };
const OWN_ORDER: readonly AccessTechnology[] = ["CAT-M1", "CAT-NB1", "GSM"];

/** How many technologies have been looked for when the cell is found, its own included. */
export function searchesBefore(state: Steering & Pick<ModemState, "radio">): number {
  const named = (inForce(state, "nwscanseq").match(/../g) ?? []).flatMap((code) => SEQUENCE[code] ?? []);
  const order = [...new Set([...named, ...OWN_ORDER])].filter((each) => isScanned(state, each));
  return order.indexOf(state.radio.technology) + 1;
}
