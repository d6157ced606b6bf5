/** The ports of a module on USB: its host loses them with the module's power, and finds them again at its start. */
import type { Host } from "#at/host";
import type { Port } from "#port/port";

/** What is said last still gets to the host. */
const LAST_WORDS_MS = 50;
/** The least time that they are away. */
const AWAY_MS = 500;

/** Takes them away at each end of the power. */
export function unplugAtEachEnd({ modem, runtime: { clock } }: Host, ports: readonly (Port | undefined)[]): void {
  const plug = (plugged: boolean) => {
    for (const port of ports) port?.plug?.(plugged);
  };
  const unplug = () => {
    plug(false);
    clock.after(AWAY_MS, plugIfPowered);
  };
  const plugIfPowered = () => {
    if (modem.state.power.phase === "off") clock.after(AWAY_MS, plugIfPowered);
    else plug(true);
  };
  modem.onChange((now, before) => {
    if (before.power.phase === "running" && now.power.phase !== "running") clock.after(LAST_WORDS_MS, unplug);
  });
}
