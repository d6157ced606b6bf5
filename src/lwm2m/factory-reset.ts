/** /3/0/5: the module as it was first deployed, and a restart. */
import type { Registry } from "#lwm2m/registry";
import type { Settings } from "#lwm2m/settings";
import type { Modem } from "#modem/modem";
import type { Power } from "#modem/power";
import type { ModemState } from "#modem/state";

export interface FactoryResetOptions {
  readonly modem: Modem;
  readonly power: Power;
  readonly registry: Registry;
  readonly settings: Settings;
  /** That of a module which has never been switched on. */
  readonly initial: ModemState;
}

/**
 * Servers are told by De-register, also where registrations outlive a reboot: without their file they do not. The rest of
 * what the module keeps goes once it is off, when nobody writes to it any more.
 */
export function resetToFactory({ modem, power, registry, settings, initial }: FactoryResetOptions): void {
  const unsubscribe = modem.onChange(({ power: { phase } }) => {
    if (phase !== "off") return;
    unsubscribe();
    settings.factoryReset();
    for (const objectId of registry.objects.keys()) registry.load(objectId, new Map());
    modem.update({ settings: initial.settings, pdp: initial.pdp, time: initial.time, gnss: initial.gnss });
  });
  settings.reset();
  power.restart();
}
