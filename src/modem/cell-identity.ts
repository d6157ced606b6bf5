/** The identity of the serving cell as its network writes it. */
import type { ModemState } from "#modem/state";

// 3GPP TS 23.003 §4.3.1: a GSM cell has 16 bits; §19.6: one of E-UTRAN 28
const GSM_BITS = 0xffff;

export const cellIdentity = ({ radio }: Pick<ModemState, "radio">): number =>
  radio.technology === "GSM" ? radio.cellId & GSM_BITS : radio.cellId;
