/** Radio and registration: signal, cell, operator. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { ACCESS_TECHNOLOGY, type Domain, registrationLine } from "#at/network/registration-line";
import { quectelSignal, signalQuality } from "#at/network/signal";
import { integer, optional, string } from "#at/parameter";
import { CmeError } from "#at/result";
import type { Session } from "#at/session";
import type { Spelling } from "#config/spelling";
import { hears, inService, isRefused } from "#modem/network";
import type { AccessTechnology, ModemState } from "#modem/state";

/** The manual's names; a module in the field prints them all in capitals. */
const MANUAL_NAMES: Readonly<Record<AccessTechnology, string>> = { GSM: "GSM", "CAT-M1": "Cat-M1", "CAT-NB1": "Cat-NB1" };

function networkInformation(state: ModemState, { networkNames }: Spelling): string {
  const { technology, mcc, mnc, band, earfcn } = state.radio;
  if (!inService(state)) return '+QNWINFO: "No Service"';
  const bandName = technology === "GSM" ? `GSM ${band}` : `LTE BAND ${band}`;
  const name = networkNames === "manual" ? MANUAL_NAMES[technology] : technology;
  return `+QNWINFO: "${name}","${mcc}${mnc}","${bandName}",${earfcn}`;
}

const registration = (domain: Domain, title: string, spec: string, modes: readonly number[], key: "creg" | "cgreg" | "cereg") =>
  defineCommand({
    name: `+${domain}`,
    title,
    spec,
    parameters: [integer("n", modes)],
    read: ({ modem, session }) => [`+${domain}: ${session[key]},${registrationLine(modem.state, domain, session[key])}`],
    write({ session }, { n }) {
      session[key] = n as Session["creg"];
      return [];
    },
  });

/** The operator in reach by AT+COPS <format>: long, short, numeric. */
const operatorName = ({ radio }: ModemState, format: number) =>
  [radio.operatorLong, radio.operatorShort, radio.mcc + radio.mnc][format] ?? radio.mcc + radio.mnc;

const cops = defineCommand({
  name: "+COPS",
  title: "Operator selection",
  spec: "3GPP TS 27.007 §7.3",
  parameters: [
    integer("mode", [0, 1, 2, 3, 4]),
    optional(integer("format", [0, 1, 2])),
    optional(string("oper", { bare: true, max: 32 })),
    optional(integer("act", [0, 8, 9])),
  ],
  test({ modem }) {
    const { state } = modem;
    // 3GPP TS 27.007 §7.3: 1 available, 2 current, 3 forbidden
    const status = inService(state) ? 2 : state.registration.eps === 3 ? 3 : 1;
    const found = hears(state)
      ? `(${status},"${[0, 1, 2].map((format) => operatorName(state, format)).join('","')}",${ACCESS_TECHNOLOGY[state.radio.technology]})`
      : "";
    return [`+COPS: ${found},,(0-4),(0-2)`];
  },
  read({ modem, session }) {
    const { state } = modem;
    const mode = state.network.selection;
    if (!inService(state)) return [`+COPS: ${mode}`];
    const name = operatorName(state, session.copsFormat);
    return [`+COPS: ${mode},${session.copsFormat},"${name}",${ACCESS_TECHNOLOGY[state.radio.technology]}`];
  },
  write({ modem, session }, { mode, format, oper, act }) {
    if (mode === 3) {
      if (format === undefined || oper !== undefined) throw new CmeError(50, "format is missing");
      session.copsFormat = format;
      return [];
    }
    const { state } = modem;
    const select = (selection: 0 | 1 | 2) =>
      modem.update(({ network }) => ({
        network: { ...network, selection, ...(selection === 2 && { attachWanted: undefined }) },
      }));
    if (mode === 0 || mode === 2) {
      // Particle sets the format together with automatic selection.
      if (format !== undefined) session.copsFormat = format;
      select(mode);
      return [];
    }
    if (format === undefined || oper === undefined) throw new CmeError(50, "oper is missing");
    const inReach = hears(state) && operatorName(state, format) === oper;
    const technologyFits = act === undefined || act === ACCESS_TECHNOLOGY[state.radio.technology];
    // Mode 4 falls back to automatic selection when the operator is not there.
    if (!inReach || !technologyFits) {
      if (mode === 1) throw new CmeError(30, `${oper} is not in reach`);
      select(0);
      return [];
    }
    const isDenied = isRefused(state);
    select(mode === 4 && isDenied ? 0 : 1);
    // 3GPP TS 27.007 §7.3: no other operator is sought in its place
    if (mode === 1 && isDenied) throw new CmeError(30, `${oper} does not take the module in`);
    return [];
  },
});

const qspn = ({ modem: { state } }: CommandContext) => {
  if (!inService(state)) throw new CmeError(30);
  const { operatorLong, operatorShort, mcc, mnc } = state.radio;
  // The card has no service provider name.
  return [`+QSPN: "${operatorLong}","${operatorShort}","",0,"${mcc}${mnc}"`];
};

export const registrationCommands: readonly CommandDefinition[] = [
  defineCommand({
    name: "+CSQ",
    title: "Signal quality",
    spec: "3GPP TS 27.007 §8.5",
    test: () => ["+CSQ: (0-31,99),(0-7,99)"],
    execute: ({ modem }) => [`+CSQ: ${signalQuality(modem.state)}`],
  }),
  defineCommand({
    name: "+QCSQ",
    title: "Signal strength by access technology",
    spec: "BG96 AT Commands Manual §6.7",
    test: () => ['+QCSQ: ("NOSERVICE","GSM","CAT-M1","CAT-NB1")'],
    execute: ({ modem }) => [`+QCSQ: ${quectelSignal(modem.state)}`],
  }),
  registration("CREG", "Network registration", "3GPP TS 27.007 §7.2", [0, 1, 2], "creg"),
  registration("CGREG", "GPRS registration", "3GPP TS 27.007 §10.1.20", [0, 1, 2], "cgreg"),
  registration("CEREG", "EPS registration", "3GPP TS 27.007 §10.1.22", [0, 1, 2, 4], "cereg"),
  cops,
  defineCommand({
    name: "+QNWINFO",
    title: "Network information",
    spec: "BG96 AT Commands Manual §6.9",
    execute: ({ modem, spelling }) => [networkInformation(modem.state, spelling)],
  }),
  defineCommand({
    name: "+QSPN",
    title: "Name of the network",
    spec: "BG96 AT Commands Manual",
    execute: qspn,
    // TinyGSM asks with a question mark.
    read: qspn,
  }),
];
