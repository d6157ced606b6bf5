/** The serial line and what is printed on it. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { integer, optional, word } from "#at/parameter";
import { CmeError } from "#at/result";
import { LINE_RATES, rateInForce } from "#modem/line-rate";

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
  title: "Line rate: of serial devices, and of output that is paced",
  spec: "ITU-T V.250 §6.2.10",
  parameters: [integer("rate", LINE_RATES)],
  test: () => [`+IPR: (),(${LINE_RATES.join(",")})`],
  read: ({ modem }) => [`+IPR: ${rateInForce(modem.state)}`],
  // BG96: AT&W keeps it; AT&F and ATZ leave it as it is
  write({ modem }, { rate }) {
    modem.update({ lineRate: rate });
    return [];
  },
});

const ifc = defineCommand({
  name: "+IFC",
  title: "Flow control; kept only",
  spec: "ITU-T V.250 §6.2.12",
  parameters: [integer("dce_by_dte", [0, 2]), optional(integer("dte_by_dce", [0, 2]))],
  read: (context) => [`+IFC: ${keptSetting(context, "ifc", "0,0")}`],
  write(context, { dce_by_dte: receive, dte_by_dce: transmit = receive }) {
    // BG96: none or hardware, the same in both directions.
    if (receive !== transmit) throw new CmeError(50, "both directions have one flow control");
    return keepSetting(context, "ifc", `${receive},${transmit}`);
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

/** Where unsolicited result codes go; a port that this modem has not stands for its main one. */
const qurccfg = defineCommand({
  name: "+QURCCFG",
  title: "Configure unsolicited result codes",
  spec: "BG96 AT Commands Manual §2",
  subcommands: {
    urcport: defineCommand({
      name: "urcport",
      title: "Port of the unsolicited result codes",
      spec: "BG96 AT Commands Manual §2",
      parameters: [word("urcportvalue", ["usbat", "usbmodem", "uart1"])],
      read: (context) => [`+QURCCFG: "urcport","${keptSetting(context, "urcport", "usbat")}"`],
      write: (context, { urcportvalue }) => keepSetting(context, "urcport", urcportvalue),
    }),
  },
});

const icf = defineCommand({
  name: "+ICF",
  title: "Character framing: 8 data bits, 1 stop bit, no parity",
  spec: "ITU-T V.250 §6.2.11",
  parameters: [integer("format", [3]), optional(integer("parity", [3]))],
  read: () => ["+ICF: 3,3"],
  write: () => [],
});

const qrir = defineCommand({
  name: "+QRIR",
  title: "Ring indicator to rest: accepted, a pty has none",
  spec: "BG96 AT Commands Manual",
  execute: () => [],
});

export const portCommands: readonly CommandDefinition[] = [cmee, ipr, ifc, icf, cscs, qurccfg, qrir];
