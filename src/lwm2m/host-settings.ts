/** What a host set with AT+QLWM2M that has no place in the module's own configuration files: /datatx/qlwm2m.json. */
import { z } from "zod";
import type { Efs } from "#efs/efs";
import { ClientError } from "#lwm2m/client";
import type { Modem } from "#modem/modem";
import type { Log } from "#runtime";

export const HOST_SETTINGS_FILE = "/datatx/qlwm2m.json";

const mbspsSchema = z.object({
  serviceCode: z.string(),
  serialNumber: z.string(),
  cnt: z.string(),
  iccid: z.string(),
  module: z.string(),
  mac: z.string().optional(),
});

/** Unknown keys are kept, so that an older version does not lose a newer one's settings. */
const schema = z.looseObject({
  /** select */
  profile: z.int().min(0).max(5).optional(),
  /** cdp or bootstrap,1; absent = never set by the host. */
  server: z.object({ host: z.string().min(1), port: z.int().min(0).max(65535) }).optional(),
  /** epns */
  endpoint: z.object({ mode: z.literal([0, 1]), name: z.string().min(1) }).optional(),
  /** bsmode or bootstrap,3; absent = never set by the host. */
  bootstrapMode: z.literal([0, 1]).optional(),
  mbsps: mbspsSchema.optional(),
  downlinkFormat: z.literal([0, 1]).optional(),
  ipPreference: z.literal([0, 1]).optional(),
});

export type HostSettings = z.infer<typeof schema>;

/** @returns {} when there is no file. @throws ClientError when it cannot be understood. */
export function readHostSettings(efs: Efs): HostSettings {
  const content = efs.read(HOST_SETTINGS_FILE);
  if (content === undefined) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.toString("utf8"));
  } catch (error) {
    throw new ClientError(`${HOST_SETTINGS_FILE}: not JSON: ${(error as Error).message}`);
  }
  const result = schema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ClientError(`${HOST_SETTINGS_FILE}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return result.data;
}

/** One that is given as undefined is forgotten. */
type Change = { [Key in keyof HostSettings]?: HostSettings[Key] | undefined };

/** Changes the named settings. @throws ClientError rather than replace a damaged file. */
function updateHostSettings(efs: Efs, change: Change): void {
  efs.write(HOST_SETTINGS_FILE, `${JSON.stringify({ ...readHostSettings(efs), ...change }, undefined, 2)}\n`);
}

/** The same, read once a boot: what a Server may ask for depends on it, and no request is to wait for the disk. */
export interface HeldHostSettings {
  /** @throws ClientError for a damaged file, which the log tells */
  read(): HostSettings;
  /** @throws ClientError rather than replace a damaged file */
  update(change: Change): void;
  /** The file goes, and with it all of them. */
  remove(): void;
}

export function holdHostSettings(efs: Efs, modem: Modem, log: Log): HeldHostSettings {
  let held: { readonly boots: number; readonly settings: HostSettings } | undefined;
  return {
    read() {
      const { boots } = modem.state.power;
      try {
        if (held?.boots !== boots) held = { boots, settings: readHostSettings(efs) };
        return held.settings;
      } catch (error) {
        if (error instanceof ClientError)
          log.warn({ place: HOST_SETTINGS_FILE, remedy: "remove the file" }, error.message);
        throw error;
      }
    },
    update(change) {
      updateHostSettings(efs, change);
      held = undefined;
    },
    remove() {
      efs.remove(HOST_SETTINGS_FILE);
      held = undefined;
    },
  };
}
