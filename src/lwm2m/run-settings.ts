/** Settings given for this run only: they win over the module's files, are never stored, and yield to what the host sets later. */
import { parseServerUri } from "#coap/link";
import type { Settings } from "#lwm2m/settings";

/** What the command line can give in place of cdp, epns, lifetime and the PSK file. */
export interface RunOverrides {
  readonly server: string | undefined;
  readonly endpoint: string | undefined;
  readonly pskIdentity: string | undefined;
  readonly pskKeyHex: string | undefined;
  readonly lifetimeS: number | undefined;
}

export interface RunSettings extends Settings {
  /** What still holds of the command line. */
  readonly overrides: RunOverrides;
}

export function withOverrides(settings: Settings, given: RunOverrides): RunSettings {
  let overrides = given;
  const drop = (...names: (keyof RunOverrides)[]) => {
    overrides = { ...overrides, ...Object.fromEntries(names.map((name) => [name, undefined])) };
  };
  const overlay: Partial<RunSettings> = {
    get overrides() {
      return overrides;
    },
    get serverUri() {
      return overrides.server ?? settings.serverUri;
    },
    get server() {
      const parts = overrides.server === undefined ? undefined : parseServerUri(overrides.server);
      return parts ? { host: parts.host, port: parts.port } : settings.server;
    },
    setServerUri(uri) {
      settings.setServerUri(uri);
      drop("server");
    },
    setServer(host, port) {
      settings.setServer(host, port);
      drop("server");
    },
    get endpointName() {
      return overrides.endpoint ?? settings.endpointName;
    },
    get endpointMode() {
      return overrides.endpoint === undefined ? settings.endpointMode : 1;
    },
    setEndpointName(mode, name) {
      settings.setEndpointName(mode, name);
      drop("endpoint");
    },
    get lifetimeS() {
      return overrides.lifetimeS ?? settings.lifetimeS;
    },
    setLifetime(lifetimeS, shortServerId) {
      settings.setLifetime(lifetimeS, shortServerId);
      drop("lifetimeS");
    },
    get securityMode() {
      if (overrides.server === undefined) return settings.securityMode;
      return overrides.server.startsWith("coaps:") ? 0 : 3;
    },
    setSecurityMode(mode) {
      if (overrides.server !== undefined) settings.setServerUri(overrides.server);
      settings.setSecurityMode(mode);
      drop("server");
    },
    get psk() {
      const { pskIdentity, pskKeyHex } = overrides;
      if (pskIdentity === undefined || pskKeyHex === undefined) return settings.psk;
      return { identity: pskIdentity, keyHex: pskKeyHex.toUpperCase() };
    },
    restoreFactory() {
      settings.restoreFactory();
      drop("server");
    },
    generatePsk() {
      settings.generatePsk();
      drop("pskIdentity", "pskKeyHex");
    },
    factoryReset() {
      settings.factoryReset();
      overrides = given;
    },
  };
  // everything else is the settings' own
  return Object.setPrototypeOf(overlay, settings);
}
