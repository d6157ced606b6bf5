/** The serial line and what is printed on it. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer, optional, word } from "#at/parameter";
import { CmeError } from "#at/result";

const RATES = [9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600] as const;

const cmee = defineCommand({
  name: "+CMEE",
  title: "Error message format",
  spec: "3GPP TS 27.007 §9.1",
  parameters: [integer("n", [0, 1, 2])],
  read: ({ session }) => [`+CMEE: ${session.cmee}`],
  write({ session }, { n }) {
    session.cmee = n;
    return [];
  },
});

const ipr = defineCommand({
  name: "+IPR",
  title: "Line rate",
  spec: "ITU-T V.250 §6.2.10",
  parameters: [integer("rate", RATES)],
  test: () => [`+IPR: (),(${RATES.join(",")})`],
  read: ({ modem }) => [`+IPR: ${modem.state.settings.ipr ?? "115200"}`],
  write({ modem }, { rate }) {
    modem.update((state) => ({ settings: { ...state.settings, ipr: String(rate) } }));
    return [];
  },
});

const ifc = defineCommand({
  name: "+IFC",
  title: "Flow control",
  spec: "ITU-T V.250 §6.2.12",
  parameters: [integer("dce_by_dte", [0, 2]), optional(integer("dte_by_dce", [0, 2]))],
  read: ({ modem }) => [`+IFC: ${modem.state.settings.ifc ?? "0,0"}`],
  write({ modem }, { dce_by_dte: receive, dte_by_dce: transmit = receive }) {
    // BG96: none or hardware, the same in both directions.
    if (receive !== transmit) throw new CmeError(50, "both directions have one flow control");
    modem.update((state) => ({ settings: { ...state.settings, ifc: `${receive},${transmit}` } }));
    return [];
  },
});

const cscs = defineCommand({
  name: "+CSCS",
  title: "Character set",
  spec: "3GPP TS 27.007 §5.5",
  parameters: [word("chset", ["GSM", "IRA", "UCS2"])],
  read: ({ session }) => [`+CSCS: "${session.cscs}"`],
  write({ session }, { chset }) {
    session.cscs = chset;
    return [];
  },
});

export const portCommands: readonly CommandDefinition[] = [cmee, ipr, ifc, cscs];
