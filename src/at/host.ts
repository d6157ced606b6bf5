/** Everything an AT command may reach. */
import type { ModuleFiles } from "#at/memory/module-files";
import type { Efs } from "#efs/efs";
import type { Dfota } from "#firmware/dfota";
import type { Client } from "#lwm2m/client";
import type { Settings } from "#lwm2m/settings";
import type { Modem } from "#modem/modem";
import type { Power } from "#modem/power";
import type { Runtime } from "#runtime";

export interface Host {
  readonly runtime: Runtime;
  readonly modem: Modem;
  readonly power: Power;
  readonly efs: Efs;
  readonly files: ModuleFiles;
  readonly dfota: Dfota;
  readonly client: Client;
  readonly lwm2m: Settings;
}
