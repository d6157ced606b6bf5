/** What a module keeps without power: the settings of AT commands and the definitions of PDP contexts. */
import type { Efs } from "#efs/efs";
import type { Modem } from "#modem/modem";
import type { ModemState } from "#modem/state";
import type { Log } from "#runtime";

const FILE = "/nv/settings.json";

/** @returns the parts of the state that were kept; nothing, with a line in the log, where the file cannot be read. */
export function readNonVolatile(efs: Efs, log: Log): Partial<Pick<ModemState, "settings" | "pdp">> {
  const content = efs.read(FILE);
  if (!content) return {};
  try {
    return JSON.parse(content.toString("utf8"));
  } catch (error) {
    log.error({ place: FILE, reason: (error as Error).message }, "AT settings lost: the factory's hold");
    return {};
  }
}

/** Writes each change of them, atomically; a disk that refuses costs the setting's persistence, with a line in the log. */
export function keepNonVolatile(efs: Efs, modem: Modem, log: Log): void {
  let kept = textOf(modem.state);
  modem.onChange((now, before) => {
    if (now.settings === before.settings && now.pdp === before.pdp) return;
    const text = textOf(now);
    if (text === kept) return; // a data call came or went
    try {
      efs.write(FILE, text);
      kept = text;
    } catch (err) {
      log.error({ err }, "AT settings could not be kept");
    }
  });
}

function textOf({ settings, pdp }: ModemState): string {
  const contexts = Object.entries(pdp).map(([cid, each]) => [cid, { ...each, active: false, address: undefined }]);
  return JSON.stringify({ settings, pdp: Object.fromEntries(contexts) });
}
