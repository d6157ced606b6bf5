/** The module's configuration files as the settings use them: damage is refused, told in the log with its place, and left as it is. */
import { ConfigError } from "#config";
import { formatBootstrapIni, parseBootstrapIni } from "#efs/bootstrap-ini";
import { editCarrierApnCfg, parseCarrierApnCfg } from "#efs/carrier-apn-cfg";
import type { Efs } from "#efs/efs";
import { editLwm2mCfg, type Lwm2mCfg, parseLwm2mCfg } from "#efs/lwm2m-cfg";
import { type Psk, readPsk, writePsk } from "#efs/psk-file";
import { ClientError } from "#lwm2m/client";
import { CARRIER_APN_CFG, LWM2M_CFG } from "#lwm2m/client-files";
import type { Entries } from "#lwm2m/server-account";
import type { Log } from "#runtime";

export const BOOTSTRAP_INI = "/datatx/bootstrap.ini";

/** Everything throws ClientError where a file cannot be understood. */
export interface ConfigurationFiles {
  /** bootstrap.ini; undefined if there is none. */
  entries(): Entries | undefined;
  parseEntries(text: string): Entries;
  saveEntries(entries: Entries): void;
  /** lwm2m_cfg; without the file, its defaults. */
  options(): Lwm2mCfg;
  changeOptions(changes: Partial<Lwm2mCfg>): void;
  /** The APN that carrier_apn_cfg gives a server. */
  apnOf(shortServerId: number): string | undefined;
  /** In lwm2m_cfg and every block of carrier_apn_cfg. */
  setApn(apn: string): void;
  psk(shortServerId: number): Psk | undefined;
  savePsk(shortServerId: number, psk: Psk): void;
  removePsks(): void;
}

export function createConfigurationFiles(efs: Efs, log: Log): ConfigurationFiles {
  const understand = <T>(task: () => T): T => {
    try {
      return task();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { place, message, remedy } of error.problems) log.warn({ place, remedy }, message);
      throw new ClientError(error.problems.map(({ place, message }) => `${place}: ${message}`).join("; "));
    }
  };
  const text = (path: string) => efs.read(path)?.toString("utf8");
  const parseEntries = (content: string) => understand(() => parseBootstrapIni(content, BOOTSTRAP_INI).records);
  const apns = () => understand(() => parseCarrierApnCfg(text(CARRIER_APN_CFG) ?? "", CARRIER_APN_CFG).servers);
  const optionsWith = (changes: Partial<Lwm2mCfg>) =>
    understand(() => editLwm2mCfg(text(LWM2M_CFG) ?? "", changes, LWM2M_CFG));

  return {
    parseEntries,
    entries() {
      const content = text(BOOTSTRAP_INI);
      return content === undefined ? undefined : parseEntries(content);
    },
    saveEntries: (entries) => efs.write(BOOTSTRAP_INI, formatBootstrapIni(entries)),
    options: () => understand(() => parseLwm2mCfg(text(LWM2M_CFG) ?? "{}", LWM2M_CFG).cfg),
    changeOptions: (changes) => efs.write(LWM2M_CFG, optionsWith(changes)),
    apnOf: (shortServerId) => apns().find((each) => each.shortServerId === shortServerId)?.apn,
    setApn(apn) {
      const options = optionsWith({ apn });
      let carrier = text(CARRIER_APN_CFG);
      for (const { shortServerId } of apns()) {
        carrier = understand(() => editCarrierApnCfg(carrier ?? "", shortServerId, { apn }, CARRIER_APN_CFG));
      }
      efs.write(LWM2M_CFG, options);
      if (carrier !== undefined) efs.write(CARRIER_APN_CFG, carrier);
    },
    psk: (shortServerId) => understand(() => readPsk(efs, shortServerId)),
    savePsk: (shortServerId, psk) => understand(() => writePsk(efs, shortServerId, psk)),
    removePsks() {
      // BG96: the guide names folders in both places and both spellings
      for (const parent of ["/datatx", "/datatx/lwm2m"]) {
        for (const folder of efs.folders(parent).filter((name) => name.toLowerCase() === "ssl")) {
          const names = efs.list(`${parent}/${folder}`).filter((name) => name.toLowerCase().endsWith(".psk"));
          for (const name of names) efs.remove(`${parent}/${folder}/${name}`);
        }
      }
    },
  };
}
