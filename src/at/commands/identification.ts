/** Who made the module, and which one it is. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer } from "#at/parameter";
import type { ModemState } from "#modem/state";

type Line = (state: ModemState) => string;

const revision: Line = ({ identity }) => identity.revision;
const withApplication: Line = ({ identity }) => `${identity.revision}_${identity.applicationRevision}`;

/** A command that answers one line without a prefix. */
const plain = (name: string, title: string, spec: string, line: Line) => defineCommand({ name, title, spec, execute: ({ modem }) => [line(modem.state)] });

const identify = ({ identity }: ModemState) => [identity.manufacturer, identity.model, `Revision: ${identity.revision}`];

export const identificationCommands: readonly CommandDefinition[] = [
  defineCommand({
    name: "I",
    title: "Identify the module",
    spec: "ITU-T V.250 §6.1.3",
    parameters: [integer("value", [0])],
    write: ({ modem }) => identify(modem.state),
    execute: ({ modem }) => identify(modem.state),
  }),
  plain("+CGMI", "Manufacturer", "3GPP TS 27.007 §5.1", ({ identity }) => identity.manufacturer),
  plain("+GMI", "Manufacturer", "ITU-T V.250 §6.1.4", ({ identity }) => identity.manufacturer),
  plain("+CGMM", "Model", "3GPP TS 27.007 §5.2", ({ identity }) => identity.model),
  plain("+GMM", "Model", "ITU-T V.250 §6.1.5", ({ identity }) => identity.model),
  plain("+CGMR", "Firmware revision", "3GPP TS 27.007 §5.3", revision),
  plain("+GMR", "Firmware revision", "ITU-T V.250 §6.1.6", revision),
  defineCommand({
    name: "+QGMR",
    title: "Firmware revision with the application's",
    spec: "BG96 AT Commands Manual",
    execute: ({ modem }) => [withApplication(modem.state)],
    // ModemManager asks with a question mark.
    read: ({ modem }) => [withApplication(modem.state)],
  }),
  plain("+QAPPVER", "Revision of the application", "BG96 AT Commands Manual V2.3", ({ identity }) => identity.applicationRevision),
  plain("+CGSN", "IMEI", "3GPP TS 27.007 §5.4", ({ identity }) => identity.imei),
  plain("+GSN", "IMEI", "ITU-T V.250 §6.1.7", ({ identity }) => identity.imei),
  defineCommand({
    name: "+GCAP",
    title: "Capabilities",
    spec: "ITU-T V.250 §6.1.9",
    execute: () => ["+GCAP: +CGSM"],
  }),
];
