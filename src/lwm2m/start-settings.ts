/** The host's settings as the Client took them when it started: the module takes its configuration at a start alone. */
import { offersLgu, type Settings } from "#lwm2m/settings";

export type StartSettings = Pick<Settings, "endpointName" | "endpointForms" | "ipPreference" | "bootstrapMode"> & {
  /** Whether LGU+'s own Objects are there. */
  readonly lguOffered: boolean;
};

/** @throws ClientError for a damaged file. */
export function takeSettings(settings: Settings): StartSettings {
  const { endpointName, endpointForms, ipPreference, bootstrapMode } = settings;
  return { endpointName, endpointForms, ipPreference, bootstrapMode, lguOffered: offersLgu(settings) };
}
