/** What a module keeps without power: the settings of AT commands and the definitions of PDP contexts. */
import { z } from "zod";
import type { Efs } from "#efs/efs";
import type { Modem } from "#modem/modem";
import { deactivateAll } from "#modem/pdp-contexts";
import type { ModemState } from "#modem/state";
import type { Log } from "#runtime";

const FILE = "/nv/settings.json";

/** A PdpContext; no call outlives the power. */
const context = z
  .object({
    type: z.literal(["IP", "IPV6", "IPV4V6"]),
    apn: z.string(),
    user: z.string(),
    password: z.string(),
    authentication: z.literal([0, 1, 2, 3]),
    active: z.boolean(),
  })
  .transform((parts) => ({ ...parts, active: false, address: undefined }));
const schema = z.object({
  settings: z.record(z.string(), z.string()),
  pdp: z.record(z.string().regex(/^([1-9]|1[0-6])$/), context),
});

/** @returns the parts of the state that were kept; nothing, with a line in the log, where the file makes no sense. */
export function readNonVolatile(efs: Efs, log: Log): Partial<Pick<ModemState, "settings" | "pdp">> {
  const lost = (place: string, reason: string) => {
    log.error({ place, reason }, "AT settings lost: the factory's hold");
    return {};
  };
  let content: Buffer | undefined;
  try {
    content = efs.read(FILE);
  } catch (error) {
    return lost(FILE, (error as Error).message);
  }
  if (!content) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.toString("utf8"));
  } catch {
    return lost(FILE, "not JSON"); // the message of JSON.parse quotes what it read, which may be a password
  }
  const { success, data, error } = schema.safeParse(parsed);
  if (success) return data;
  const [issue] = error.issues;
  return lost(`${FILE} ${issue?.path.join(".") ?? ""}`.trimEnd(), issue?.message ?? "");
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

function textOf(state: ModemState): string {
  return JSON.stringify({ settings: state.settings, ...deactivateAll(state) });
}
