/** The accounts in bootstrap.ini as a host sets them: select, cdp, bsmode, lifetime, bootstrap and psk of AT+QLWM2M. */
import { createHash } from "node:crypto";
import { parseServerUri } from "#coap/link";
import type { Efs } from "#efs/efs";
import { ClientError } from "#lwm2m/client";
import { CARRIER_APN_CFG, LWM2M_CFG } from "#lwm2m/client-files";
import { BOOTSTRAP_INI, type ConfigurationFiles } from "#lwm2m/configuration-files";
import type { HeldHostSettings, HostSettings } from "#lwm2m/host-settings";
import { PROFILES, type Profile, readProfileFile } from "#lwm2m/profiles";
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

/** /0/x/2: 0 PSK, 3 NoSec. */
export type SecurityMode = 0 | 3;

/** The account in use is the Bootstrap-Server's or the first LwM2M Server's, by `bootstrapMode`. */
export interface AccountSettings {
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
  /** 0 factory, 1 client-initiated (= category 3 of "bootstrap"). */
  readonly bootstrapMode: 0 | 1;
  setBootstrapMode(mode: 0 | 1): void;
  /** Short Server IDs of the LwM2M Servers in bootstrap.ini. */
  readonly serverIds: readonly number[];
  /** Lifetime at the first LwM2M Server. */
  readonly lifetimeS: number | undefined;
  /** @param shortServerId default: the first LwM2M Server; with a Bootstrap-Server alone, the one that bsmode 0 would make. */
  setLifetime(lifetimeS: number, shortServerId?: number): void;
  /** For that account; `setApn` sets it for all. */
  readonly apn: string;
  setApn(apn: string): void;
  readonly securityMode: SecurityMode | undefined;
  setSecurityMode(mode: SecurityMode): void;
  /** Makes identity "IMEI:<imei>_QUECTELTMOBILEDDI" and its key, and stores ssl/<ssid>_server.psk for the account in use. */
  generatePsk(): void;
  /** The credential of the account in use; an identity that is no text is "#" and hexadecimal, as psktool writes it. */
  readonly psk: { readonly identity: string; readonly keyHex: string } | undefined;
  /** bootstrap,0: restores bootstrap.ini from /datatx/factory; throws if there is none. */
  restoreFactory(): void;
}

/** Printable ASCII without the quote, which ends a value on the AT port. */
export const PRINTABLE = /^[\x20\x21\x23-\x7e]+$/;

const FACTORY_BOOTSTRAP_INI = "/datatx/factory/bootstrap.ini";

export interface AccountSettingsOptions {
  readonly efs: Efs;
  readonly modem: Modem;
  readonly files: ConfigurationFiles;
  readonly host: HeldHostSettings;
}

export function createAccountSettings({ efs, modem, files, host }: AccountSettingsOptions): AccountSettings {
  const profileOf = (settings: HostSettings) => (settings.profile ?? 0) as Profile;

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
    const account = find(entries, kindOf(modeOf(host.read(), entries)));
    return account && { entries, account };
  };
  /** The same for a setter: what is missing is made, from the profile's bootstrap.ini if there is none. */
  const inUseOrNew = (): { entries: Entries; account: FileAccount } => {
    const settings = host.read();
    const present = files.entries() ?? files.parseEntries(readProfileFile(profileOf(settings), "bootstrap.ini"));
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
  const lifetimeServer = (entries: Entries) => find(entries, "server")?.shortServerId ?? DEFAULT_SHORT_SERVER_ID.server;

  return {
    get profile() {
      return profileOf(host.read());
    },
    selectProfile(profile) {
      const settings = host.read();
      const present = files.parseEntries(readProfileFile(profile, "bootstrap.ini"));
      const kind = kindOf(settings.bootstrapMode ?? PROFILES[profile].bootstrapMode);
      let entries = withAccount(present, kind);
      const account = find(entries, kind);
      if (account && settings.server)
        entries = withServer(entries, account, settings.server.host, settings.server.port);
      efs.write(LWM2M_CFG, readProfileFile(profile, "lwm2m_cfg"));
      efs.write(CARRIER_APN_CFG, readProfileFile(profile, "carrier_apn_cfg"));
      files.saveEntries(entries);
      host.update({ profile });
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
      host.update({ server: parts });
    },
    setServer(name, port) {
      const { entries, account } = inUseOrNew();
      files.saveEntries(withServer(entries, account, name, port));
      host.update({ server: { host: name.replace(/^\[|\]$/g, ""), port } });
    },

    get bootstrapMode() {
      const settings = host.read();
      return settings.bootstrapMode ?? modeOf(settings, files.entries() ?? []);
    },
    setBootstrapMode(mode) {
      const present = files.entries();
      const entries = present && withAccount(present, kindOf(mode));
      if (entries && entries !== present) files.saveEntries(entries);
      host.update({ bootstrapMode: mode });
    },

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

    get apn() {
      const found = inUse();
      return (found && files.apnOf(found.account.shortServerId)) ?? files.options().apn ?? "";
    },
    setApn: (apn) => files.setApn(apn),

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
      host.read();
      files.parseEntries(content.toString("utf8"));
      efs.write(BOOTSTRAP_INI, content);
      // the file as a whole is the last word on server and mode
      host.update({ server: undefined, bootstrapMode: undefined });
    },
  };
}

/** @returns undefined for what is no address: the port cannot print it, or no resolver take it. */
function serverOf(uri: string): { host: string; port: number } | undefined {
  const parts = parseServerUri(uri);
  return parts && /^[A-Za-z0-9._:-]+$/.test(parts.host) ? { host: parts.host, port: parts.port } : undefined;
}
