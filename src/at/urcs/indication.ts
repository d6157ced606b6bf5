/** The switches of AT+QINDCFG. */
import type { Session } from "#at/session";
import type { ModemState } from "#modem/state";

export const INDICATIONS = ["all", "csq", "smsfull", "ring", "smsincoming"] as const;
export type Indication = (typeof INDICATIONS)[number];

const FACTORY: Readonly<Record<Indication, "0" | "1">> = {
  all: "1",
  csq: "0",
  smsfull: "0",
  ring: "1",
  smsincoming: "1",
};

export function isIndicated({ scratch }: Session, { settings }: ModemState, key: Indication): boolean {
  return String(scratch.indications[key] ?? settings[`qindcfg/${key}`] ?? FACTORY[key]) === "1";
}
