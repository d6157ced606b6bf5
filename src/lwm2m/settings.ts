/** What a host sets with AT+QLWM2M: every setting lands in the module's files and is read back from them. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseServerUri } from "#coap/link";
import type { Efs } from "#efs/efs";
import { ClientError } from "#lwm2m/client";
import { CARRIER_APN_CFG, LWM2M_CFG } from "#lwm2m/client-files";
import { BOOTSTRAP_INI, createConfigurationFiles } from "#lwm2m/configuration-files";
import { HOST_SETTINGS_FILE, type HostSettings, readHostSettings, updateHostSettings } from "#lwm2m/host-settings";
import {
  type AccountKind,
  accountsIn,
  DEFAULT_SHORT_SERVER_ID,
  type Entries,
  type FileAccount,
  lifetimeOf,
  securityOf,
  withAccount,
  withLifetime,
  withoutSecurity,
  withSecurity,
} from "#lwm2m/server-account";
import type { Modem } from "#modem/modem";
import type { Log } from "#runtime";

/** 0 Leshan, 1 T-Mobile, 2 LGU+, 3 Verizon, 4 Ericsson, 5 AT&T. */
export type Profile = 0 | 1 | 2 | 3 | 4 | 5;
/** 4 IMEI URN, 7 IMEI-MSISDN URN. */
export type EndpointForm = 4 | 7;
/** /0/x/2: 0 PSK, 3 NoSec. */
export type SecurityMode = 0 | 3;

export interface Mbsps {
  readonly serviceCode: string;
  readonly serialNumber: string;
  readonly cnt: string;
  readonly iccid: string;
  readonly module: string;
  readonly mac: string | undefined;
}

/**
 * All of it throws ClientError when a file cannot be understood, which is then left as it is and logged with line and column;
 * setters also when the value cannot be kept.
 */
export interface Settings {
  readonly profile: Profile;
  /**
   * Replaces bootstrap.ini, lwm2m_cfg and carrier_apn_cfg, damaged or not, by a built-in set;
   * an explicit server address, bootstrap mode and endpoint name are kept.
   */
  selectProfile(profile: Profile): void;
  /** The server of the account in use (bootstrap or registration, by `bootstrapMode`): "coap://host:port"; undefined without configuration. */
  readonly serverUri: string | undefined;
  /** Its host, IPv6 without brackets, and port. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
  setServerUri(uri: string): void;
  /** cdp: keeps the scheme that the security mode asks for. */
  setServer(host: string, port: number): void;
  /** Endpoint name set by epns; undefined = derived from the endpoint forms. */
  readonly endpointName: string | undefined;
  /** How epns was given: 0 derived by LGU+ rules, 1 as it is; undefined = not at all. */
  readonly endpointMode: 0 | 1 | undefined;
  setEndpointName(mode: 0 | 1, name: string): void;
  /** 0 factory, 1 client-initiated (= category 3 of "bootstrap"). */
  readonly bootstrapMode: 0 | 1;
  setBootstrapMode(mode: 0 | 1): void;
  readonly mbsps: Mbsps | undefined;
  setMbsps(values: Mbsps): void;
  /** Short Server IDs of the LwM2M Servers in bootstrap.ini. */
  readonly serverIds: readonly number[];
  /** Lifetime at the first LwM2M Server. */
  readonly lifetimeS: number | undefined;
  /** @param shortServerId default: the first LwM2M Server; with a Bootstrap-Server alone, the one that bsmode 0 would make. */
  setLifetime(lifetimeS: number, shortServerId?: number): void;
  readonly securityMode: SecurityMode | undefined;
  setSecurityMode(mode: SecurityMode): void;
  readonly endpointForms: { readonly registration: EndpointForm; readonly bootstrap: EndpointForm };
  setEndpointForms(registration: EndpointForm, bootstrap: EndpointForm): void;
  readonly apn: string;
  setApn(apn: string): void;
  /** 0 IPv4, 1 IPv6. */
  readonly ipPreference: 0 | 1;
  setIpPreference(type: 0 | 1): void;
  /** 0 text preferred, 1 hexadecimal. */
  readonly downlinkFormat: 0 | 1;
  setDownlinkFormat(format: 0 | 1): void;
  /** Autostart: the file lwm2m_app_autostart. */
  readonly enabled: boolean;
  setEnabled(enabled: boolean): void;
  readonly qcli: boolean;
  setQcli(enabled: boolean): void;
  /** Makes identity "IMEI:<imei>_QUECTELTMOBILEDDI" and its key, and stores ssl/<ssid>_server.psk for the account in use. */
  generatePsk(): void;
  /** The credential of the account in use; an identity that is no text is "#" and hexadecimal, as psktool writes it. */
  readonly psk: { readonly identity: string; readonly keyHex: string } | undefined;
  /** bootstrap,0: restores bootstrap.ini from /datatx/factory; throws if there is none. */
  restoreFactory(): void;
  /** Deletes the persistent files in /datatx/lwm2m. */
  reset(): void;
  /**
   * The module as it was first deployed: without persistent files and what a host has set; each configuration file as
   * /datatx/factory has it, if it has one. PSK files and the autostart are part of the deployment and stay.
   */
  factoryReset(): void;
  /** Deletes all configuration files, the persistent files and the autostart. */
  clean(): void;
}

/** The guide's range, §4.1. */
export const LIFETIME_S = { min: 30, max: 86400 };

const AUTOSTART = "/datatx/lwm2m_app_autostart";
const QCLI = "/datatx/qcli_config";
const FACTORY = "/datatx/factory";
const FACTORY_BOOTSTRAP_INI = `${FACTORY}/bootstrap.ini`;
const PERSISTENT = "/datatx/lwm2m";

/** Folder in config/profiles, and the bootstrap mode that it is meant for. */
const PROFILES: Readonly<Record<Profile, { readonly folder: string; readonly bootstrapMode: 0 | 1 }>> = {
  0: { folder: "leshan", bootstrapMode: 0 },
  1: { folder: "tmobile", bootstrapMode: 0 },
  2: { folder: "lgu", bootstrapMode: 1 },
  3: { folder: "verizon", bootstrapMode: 0 },
  4: { folder: "ericsson", bootstrapMode: 0 },
  5: { folder: "att", bootstrapMode: 0 },
};
const LGU: Profile = 2;
const SHIPPED_PROFILES = fileURLToPath(new URL("../../config/profiles", import.meta.url));
/** Printable ASCII without the quote, which ends a value on the AT port. */
const PRINTABLE = /^[\x20\x21\x23-\x7e]+$/;

export interface SettingsOptions {
  readonly efs: Efs;
  readonly modem: Modem;
  readonly log: Log;
  /** What select loads; default: the profiles of this package. */
  readonly profilesDirectory?: string;
}

export function createSettings(options: SettingsOptions): Settings {
  const { efs, modem, log, profilesDirectory = SHIPPED_PROFILES } = options;
  const files = createConfigurationFiles(efs, log);

  /** Read once a boot: what a Server may ask for depends on it, and no request is to wait for the disk. */
  let held: { readonly boots: number; readonly settings: HostSettings } | undefined;
  const host = (): HostSettings => {
    const { boots } = modem.state.power;
    try {
      if (held?.boots !== boots) held = { boots, settings: readHostSettings(efs) };
      return held.settings;
    } catch (error) {
      if (error instanceof ClientError)
        log.warn({ place: HOST_SETTINGS_FILE, remedy: "remove the file" }, error.message);
      throw error;
    }
  };
  const update = (change: Parameters<typeof updateHostSettings>[1]) => {
    updateHostSettings(efs, change);
    held = undefined;
  };
  const profileOf = (settings: HostSettings) => (settings.profile ?? 0) as Profile;
  const shipped = (profile: Profile, name: string): string =>
    readFileSync(join(profilesDirectory, PROFILES[profile].folder, name), "utf8");

  /** bsmode as the host set it; else what the file has accounts for; else what the profile is meant for. */
  const modeOf = (settings: HostSettings, entries: Entries): 0 | 1 => {
    if (settings.bootstrapMode !== undefined) return settings.bootstrapMode;
    const kinds = new Set(accountsIn(entries).map(({ kind }) => kind));
    if (kinds.size === 1) return kinds.has("bootstrap") ? 1 : 0;
    return PROFILES[profileOf(settings)].bootstrapMode;
  };
  const kindOf = (mode: 0 | 1): AccountKind => (mode === 1 ? "bootstrap" : "server");
  const find = (entries: Entries, kind: AccountKind) => accountsIn(entries).find((each) => each.kind === kind);

  /** @returns undefined without configuration. */
  const inUse = (): { entries: Entries; account: FileAccount } | undefined => {
    const entries = files.entries() ?? [];
    const account = find(entries, kindOf(modeOf(host(), entries)));
    return account && { entries, account };
  };
  /** The same for a setter: what is missing is made, from the profile's bootstrap.ini if there is none. */
  const inUseOrNew = (): { entries: Entries; account: FileAccount } => {
    const settings = host();
    const present = files.entries() ?? files.parseEntries(shipped(profileOf(settings), "bootstrap.ini"));
    const kind = kindOf(modeOf(settings, present));
    const entries = withAccount(present, kind);
    const account = find(entries, kind);
    if (!account) throw new ClientError(`${BOOTSTRAP_INI}: it has no account, so none can be made after it`);
    return { entries, account };
  };
  const uriOf = ({ entries, account }: { entries: Entries; account: FileAccount }): string | undefined => {
    const uri = securityOf(entries, account).uri;
    return uri === undefined ? undefined : String(uri);
  };
  const withServer = (entries: Entries, account: FileAccount, name: string, port: number): Entries => {
    const scheme = securityOf(entries, account).mode === 0 ? "coaps" : "coap";
    const uri = `${scheme}://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`;
    if (!serverOf(uri)) throw new ClientError(`server ${name}: not a host name or an address`);
    return withSecurity(entries, account, "uri", uri);
  };
  const setFlag = (path: string, set: boolean) => {
    if (!set) efs.remove(path);
    else if (!efs.exists(path)) efs.write(path, "");
  };
  const reset = () => {
    for (const name of efs.list(PERSISTENT)) efs.remove(`${PERSISTENT}/${name}`);
  };
  const lifetimeServer = (entries: Entries) => find(entries, "server")?.shortServerId ?? DEFAULT_SHORT_SERVER_ID.server;

  return {
    get profile() {
      return profileOf(host());
    },
    selectProfile(profile) {
      const settings = host();
      const present = files.parseEntries(shipped(profile, "bootstrap.ini"));
      const kind = kindOf(settings.bootstrapMode ?? PROFILES[profile].bootstrapMode);
      let entries = withAccount(present, kind);
      const account = find(entries, kind);
      if (account && settings.server)
        entries = withServer(entries, account, settings.server.host, settings.server.port);
      efs.write(LWM2M_CFG, shipped(profile, "lwm2m_cfg"));
      efs.write(CARRIER_APN_CFG, shipped(profile, "carrier_apn_cfg"));
      files.saveEntries(entries);
      update({ profile });
    },

    get serverUri() {
      const found = inUse();
      return found && uriOf(found);
    },
    get server() {
      const found = inUse();
      return serverOf((found && uriOf(found)) ?? "");
    },
    setServerUri(uri) {
      const parts = serverOf(uri);
      if (!parts) throw new ClientError("server address: not coap://host:port or coaps://host:port");
      const { entries, account } = inUseOrNew();
      // the mode follows the scheme, as the scheme follows the mode in setSecurityMode
      const secured = withSecurity(entries, account, "mode", uri.startsWith("coaps:") ? 0 : 3);
      files.saveEntries(withSecurity(secured, account, "uri", uri));
      update({ server: parts });
    },
    setServer(name, port) {
      const { entries, account } = inUseOrNew();
      files.saveEntries(withServer(entries, account, name, port));
      update({ server: { host: name.replace(/^\[|\]$/g, ""), port } });
    },

    get endpointName() {
      const { endpoint } = host();
      return endpoint?.mode === 0 ? lguEndpointName(modem, endpoint.name) : endpoint?.name;
    },
    get endpointMode() {
      return host().endpoint?.mode;
    },
    setEndpointName(mode, name) {
      if (!PRINTABLE.test(name)) throw new ClientError("endpoint name: not printable ASCII without quotes");
      if (mode === 0 && profileOf(host()) !== LGU) throw new ClientError("epns 0: for the LGU+ profile only");
      if (mode === 0 && modem.state.sim.card === "NOT INSERTED")
        throw new ClientError("epns 0: no SIM to derive it from");
      update({ endpoint: { mode, name } });
    },

    get bootstrapMode() {
      const settings = host();
      return settings.bootstrapMode ?? modeOf(settings, files.entries() ?? []);
    },
    setBootstrapMode(mode) {
      const present = files.entries();
      const entries = present && withAccount(present, kindOf(mode));
      if (entries && entries !== present) files.saveEntries(entries);
      update({ bootstrapMode: mode });
    },

    get mbsps() {
      const { mbsps } = host();
      return mbsps && { ...mbsps, mac: mbsps.mac };
    },
    setMbsps: (values) => update({ mbsps: values }),

    get serverIds() {
      const accounts = accountsIn(files.entries() ?? []);
      return accounts.filter(({ kind }) => kind === "server").map(({ shortServerId }) => shortServerId);
    },
    get lifetimeS() {
      const entries = files.entries() ?? [];
      return lifetimeOf(entries, lifetimeServer(entries));
    },
    setLifetime(lifetimeS, shortServerId) {
      const { entries } = inUseOrNew();
      const known = accountsIn(entries).some((each) => each.kind === "server" && each.shortServerId === shortServerId);
      if (shortServerId !== undefined && !known) throw new ClientError(`lifetime: no server ${shortServerId}`);
      files.saveEntries(withLifetime(entries, shortServerId ?? lifetimeServer(entries), lifetimeS));
    },

    get securityMode() {
      const found = inUse();
      const mode = found && (securityOf(found.entries, found.account).mode ?? 3);
      return mode === 0 || mode === 3 ? mode : undefined;
    },
    setSecurityMode(mode) {
      const { entries, account } = inUseOrNew();
      const changed = withSecurity(entries, account, "mode", mode);
      const uri = String(securityOf(changed, account).uri ?? "");
      // the scheme follows the mode, as cdp's does; the port is the host's
      files.saveEntries(
        withSecurity(changed, account, "uri", uri.replace(/^coaps?:/, mode === 0 ? "coaps:" : "coap:")),
      );
    },

    get endpointForms() {
      const { registrationEndpointForm, bootstrapEndpointForm } = files.options();
      return { registration: registrationEndpointForm, bootstrap: bootstrapEndpointForm };
    },
    setEndpointForms: (registration, bootstrap) =>
      files.changeOptions({ registrationEndpointForm: registration, bootstrapEndpointForm: bootstrap }),

    get apn() {
      const found = inUse();
      return (found && files.apnOf(found.account.shortServerId)) ?? files.options().apn ?? "";
    },
    setApn: (apn) => files.setApn(apn),

    get ipPreference() {
      return host().ipPreference ?? 0;
    },
    setIpPreference: (type) => update({ ipPreference: type }),
    get downlinkFormat() {
      return host().downlinkFormat ?? 0;
    },
    setDownlinkFormat: (format) => update({ downlinkFormat: format }),
    get enabled() {
      return efs.exists(AUTOSTART);
    },
    setEnabled: (enabled) => setFlag(AUTOSTART, enabled),
    get qcli() {
      return efs.exists(QCLI);
    },
    setQcli: (enabled) => setFlag(QCLI, enabled),

    generatePsk() {
      const { entries, account } = inUseOrNew();
      const identity = Buffer.from(`IMEI:${modem.state.identity.imei}_QUECTELTMOBILEDDI`);
      // BG96: the guide says SHA256 and not of what; a key published for a real module is not that of its identity
      const key = createHash("sha256").update(identity).digest();
      files.savePsk(account.shortServerId, { identity, key });
      // a key in bootstrap.ini would win over the file
      const changed = withoutSecurity(withoutSecurity(entries, account, "identity"), account, "key");
      if (changed.length < entries.length || !efs.exists(BOOTSTRAP_INI)) files.saveEntries(changed);
    },
    get psk() {
      const found = inUse();
      if (!found) return undefined;
      const { identity, key } = securityOf(found.entries, found.account);
      const inline = {
        identity: Buffer.from(String(identity ?? ""), "base64"),
        key: Buffer.from(String(key ?? ""), "base64"),
      };
      const psk = inline.key.length > 0 ? inline : files.psk(found.account.shortServerId);
      if (!psk) return undefined;
      const name = psk.identity.toString("latin1");
      return {
        identity: PRINTABLE.test(name) ? name : `#${psk.identity.toString("hex")}`,
        keyHex: psk.key.toString("hex").toUpperCase(),
      };
    },

    restoreFactory() {
      const content = efs.read(FACTORY_BOOTSTRAP_INI);
      if (!content) throw new ClientError(`${FACTORY_BOOTSTRAP_INI}: no such file`);
      host();
      files.parseEntries(content.toString("utf8"));
      efs.write(BOOTSTRAP_INI, content);
      // the file as a whole is the last word on server and mode
      update({ server: undefined, bootstrapMode: undefined });
    },
    reset,
    factoryReset() {
      reset();
      efs.remove(HOST_SETTINGS_FILE);
      held = undefined;
      for (const path of [BOOTSTRAP_INI, LWM2M_CFG, CARRIER_APN_CFG]) {
        const content = efs.read(`${FACTORY}/${basename(path)}`);
        if (content) efs.write(path, content);
      }
    },
    clean() {
      reset();
      files.removePsks();
      for (const path of [BOOTSTRAP_INI, LWM2M_CFG, CARRIER_APN_CFG, AUTOSTART, HOST_SETTINGS_FILE]) efs.remove(path);
      held = undefined;
    },
  };
}

/** Whether LGU+'s own Objects are there; not where the settings file is damaged, to which AT+QLWM2M answers ERROR. */
export function offersLgu(settings: Settings): boolean {
  try {
    return settings.profile === LGU;
  } catch {
    return false;
  }
}

/** @returns undefined for what is no address: the port cannot print it, or no resolver take it. */
function serverOf(uri: string): { host: string; port: number } | undefined {
  const parts = parseServerUri(uri);
  return parts && /^[A-Za-z0-9._:-]+$/.test(parts.host) ? { host: parts.host, port: parts.port } : undefined;
}

/** LGU+: the service code behind a digest of the SIM's IMSI and ICCID, its first and last five digits. */
function lguEndpointName(modem: Modem, serviceCode: string): string {
  const { imsi, iccid } = modem.state.sim;
  const digest = createHash("md5").update(`${imsi}${iccid}`).digest("hex");
  return `ASN_CSE-D-${digest.slice(0, 5)}${digest.slice(-5)}-${serviceCode}`;
}
