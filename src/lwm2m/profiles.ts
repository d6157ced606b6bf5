/** What AT+QLWM2M="select" loads: a built-in set of configuration files for each type of server. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** 0 Leshan, 1 T-Mobile, 2 LGU+, 3 Verizon, 4 Ericsson, 5 AT&T. */
export type Profile = 0 | 1 | 2 | 3 | 4 | 5;

export const LGU: Profile = 2;

/** Folder in config/profiles, and the bootstrap mode that it is meant for. */
export const PROFILES: Readonly<Record<Profile, { readonly folder: string; readonly bootstrapMode: 0 | 1 }>> = {
  0: { folder: "leshan", bootstrapMode: 0 },
  1: { folder: "tmobile", bootstrapMode: 0 },
  2: { folder: "lgu", bootstrapMode: 1 },
  3: { folder: "verizon", bootstrapMode: 0 },
  4: { folder: "ericsson", bootstrapMode: 0 },
  5: { folder: "att", bootstrapMode: 0 },
};

const DIRECTORY = fileURLToPath(new URL("../../config/profiles", import.meta.url));

/** @param name "bootstrap.ini", "lwm2m_cfg" or "carrier_apn_cfg" */
export function readProfileFile(profile: Profile, name: string): string {
  return readFileSync(join(DIRECTORY, PROFILES[profile].folder, name), "utf8");
}
