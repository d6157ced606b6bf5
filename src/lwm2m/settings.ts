/** What a host sets with AT+QLWM2M: every setting lands in the module's files and is read back from them. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Efs } from "#efs/efs";
import { type AccountSettings, createAccountSettings, PRINTABLE } from "#lwm2m/account-settings";
import { ClientError } from "#lwm2m/client";
import { CARRIER_APN_CFG, LWM2M_CFG } from "#lwm2m/client-files";
import { BOOTSTRAP_INI, createConfigurationFiles } from "#lwm2m/configuration-files";
import { holdHostSettings } from "#lwm2m/host-settings";
import { LGU } from "#lwm2m/profiles";
import type { Modem } from "#modem/modem";
import type { Log } from "#runtime";

/** 4 IMEI URN, 7 IMEI-MSISDN URN. */
export type EndpointForm = 4 | 7;
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
export interface Settings extends AccountSettings {
  /** Endpoint name set by epns; undefined = derived from the endpoint forms. */
  readonly endpointName: string | undefined;
  /** How epns was given: 0 derived by LGU+ rules, 1 as it is; undefined = not at all. */
  readonly endpointMode: 0 | 1 | undefined;
  setEndpointName(mode: 0 | 1, name: string): void;
  readonly mbsps: Mbsps | undefined;
  setMbsps(values: Mbsps): void;
  readonly endpointForms: { readonly registration: EndpointForm; readonly bootstrap: EndpointForm };
  setEndpointForms(registration: EndpointForm, bootstrap: EndpointForm): void;
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
  /** Deletes the persistent files in /datatx/lwm2m. */
  reset(): void;
  /**
   * The module as it was first deployed: without persistent files and what a host has set; each configuration file as
   * /datatx/factory has it, if it has one. PSK files and the autostart are part of the deployment and stay.
   */
  factoryReset(): void;
  /** Deletes all configuration files, autostart and qcli_config among them, the PSK files and the persistent files. */
  clean(): void;
}

const AUTOSTART = "/datatx/lwm2m_app_autostart";
const QCLI = "/datatx/qcli_config";
const FACTORY = "/datatx/factory";
const PERSISTENT = "/datatx/lwm2m";

export interface SettingsOptions {
  readonly efs: Efs;
  readonly modem: Modem;
  readonly log: Log;
}

export function createSettings({ efs, modem, log }: SettingsOptions): Settings {
  const files = createConfigurationFiles(efs, log);
  const host = holdHostSettings(efs, modem, log);
  const accounts = createAccountSettings({ efs, modem, files, host });

  const setFlag = (path: string, set: boolean) => {
    if (!set) efs.remove(path);
    else if (!efs.exists(path)) efs.write(path, "");
  };
  const reset = () => {
    for (const name of efs.list(PERSISTENT)) efs.remove(`${PERSISTENT}/${name}`);
  };

  const others: Omit<Settings, keyof AccountSettings> = {
    get endpointName() {
      const { endpoint } = host.read();
      return endpoint?.mode === 0 ? lguEndpointName(modem, endpoint.name) : endpoint?.name;
    },
    get endpointMode() {
      return host.read().endpoint?.mode;
    },
    setEndpointName(mode, name) {
      if (!PRINTABLE.test(name)) throw new ClientError("endpoint name: not printable ASCII without quotes");
      if (mode === 0 && accounts.profile !== LGU) throw new ClientError("epns 0: for the LGU+ profile only");
      if (mode === 0 && modem.state.sim.card === "NOT INSERTED")
        throw new ClientError("epns 0: no SIM to derive it from");
      host.update({ endpoint: { mode, name } });
    },

    get mbsps() {
      const { mbsps } = host.read();
      return mbsps && { ...mbsps, mac: mbsps.mac };
    },
    setMbsps: (values) => host.update({ mbsps: values }),

    get endpointForms() {
      const { registrationEndpointForm, bootstrapEndpointForm } = files.options();
      return { registration: registrationEndpointForm, bootstrap: bootstrapEndpointForm };
    },
    setEndpointForms: (registration, bootstrap) =>
      files.changeOptions({ registrationEndpointForm: registration, bootstrapEndpointForm: bootstrap }),

    get ipPreference() {
      return host.read().ipPreference ?? 0;
    },
    setIpPreference: (type) => host.update({ ipPreference: type }),
    get downlinkFormat() {
      return host.read().downlinkFormat ?? 0;
    },
    setDownlinkFormat: (format) => host.update({ downlinkFormat: format }),
    get enabled() {
      return efs.exists(AUTOSTART);
    },
    setEnabled: (enabled) => setFlag(AUTOSTART, enabled),
    get qcli() {
      return efs.exists(QCLI);
    },
    setQcli: (enabled) => setFlag(QCLI, enabled),

    reset,
    factoryReset() {
      reset();
      host.remove();
      for (const path of [BOOTSTRAP_INI, LWM2M_CFG, CARRIER_APN_CFG]) {
        const content = efs.read(`${FACTORY}/${basename(path)}`);
        if (content) efs.write(path, content);
      }
    },
    clean() {
      reset();
      files.removePsks();
      // the guide's Table 1
      for (const path of [BOOTSTRAP_INI, LWM2M_CFG, CARRIER_APN_CFG, AUTOSTART, QCLI]) efs.remove(path);
      host.remove();
    },
  };
  return Object.setPrototypeOf(others, accounts);
}

/** Whether LGU+'s own Objects are there; not where the settings file is damaged, to which AT+QLWM2M answers ERROR. */
export function offersLgu(settings: Settings): boolean {
  try {
    return settings.profile === LGU;
  } catch {
    return false;
  }
}

/** LGU+: the service code behind a digest of the SIM's IMSI and ICCID, its first and last five digits. */
function lguEndpointName(modem: Modem, serviceCode: string): string {
  const { imsi, iccid } = modem.state.sim;
  const digest = createHash("md5").update(`${imsi}${iccid}`).digest("hex");
  return `ASN_CSE-D-${digest.slice(0, 5)}${digest.slice(-5)}-${serviceCode}`;
}
