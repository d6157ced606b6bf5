/** What a host set with AT+QLWM2M that has no place in the module's own configuration files: /datatx/qlwm2m.json. */
import { z } from "zod";
import type { Efs } from "#efs/efs";
import { ClientError } from "#lwm2m/client";

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

/** Changes the named settings; one that is given as undefined is forgotten. @throws ClientError rather than replace a damaged file. */
export function updateHostSettings(
  efs: Efs,
  change: { [Key in keyof HostSettings]?: HostSettings[Key] | undefined },
): void {
  efs.write(HOST_SETTINGS_FILE, `${JSON.stringify({ ...readHostSettings(efs), ...change }, undefined, 2)}\n`);
}
