/** Radio and registration: signal, cell, operator. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer, optional, string } from "#at/parameter";
import { ACCESS_TECHNOLOGY, type Domain, registrationLine } from "#at/registration-line";
import { CmeError } from "#at/result";
import type { Session } from "#at/session";
import { inService } from "#modem/network";
import type { ModemState } from "#modem/state";

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** Whether the radio hears a cell. */
const hears = ({ functionality, network }: ModemState) => functionality === 1 && network.coverage;

/** 3GPP TS 27.007 §8.5: 0 is -113 dBm or less, 31 is -51 dBm or more, 99 unknown. */
function signalQuality(state: ModemState): number {
  return hears(state) ? clamp(Math.round((state.radio.rssiDbm + 113) / 2), 0, 31) : 99;
}

function quectelSignal(state: ModemState): string {
  const { technology, rssiDbm, rsrpDbm, sinrDb, rsrqDb } = state.radio;
  if (!hears(state) || !inService(state)) return '+QCSQ: "NOSERVICE"';
  if (technology === "GSM") return `+QCSQ: "GSM",${rssiDbm}`;
  // BG96: SINR in steps of 1/5 dB from -20 dB.
  const sinr = clamp(Math.round((sinrDb + 20) * 5), 0, 250);
  return `+QCSQ: "${technology}",${rssiDbm},${rsrpDbm},${sinr},${rsrqDb}`;
}

function networkInformation(state: ModemState): string {
  const { technology, mcc, mnc, band, earfcn } = state.radio;
  if (!inService(state)) return '+QNWINFO: "No Service"';
  const bandName = technology === "GSM" ? `GSM ${band}` : `LTE BAND ${band}`;
  return `+QNWINFO: "${technology}","${mcc}${mnc}","${bandName}",${earfcn}`;
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
    const found = hears(state)
      ? `(${inService(state) ? 2 : 1},"${[0, 1, 2].map((format) => operatorName(state, format)).join('","')}",${ACCESS_TECHNOLOGY[state.radio.technology]})`
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
    const select = (selection: 0 | 1 | 2) => modem.update(({ network }) => ({ network: { ...network, selection } }));
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
    } else {
      select(1);
    }
    return [];
  },
});

export const registrationCommands: readonly CommandDefinition[] = [
  defineCommand({
    name: "+CSQ",
    title: "Signal quality",
    spec: "3GPP TS 27.007 §8.5",
    test: () => ["+CSQ: (0-31,99),(0-7,99)"],
    // Bit error rate is not known on LTE.
    execute: ({ modem }) => [`+CSQ: ${signalQuality(modem.state)},99`],
  }),
  defineCommand({
    name: "+QCSQ",
    title: "Signal strength by access technology",
    spec: "BG96 AT Commands Manual §6.7",
    test: () => ['+QCSQ: ("NOSERVICE","GSM","CAT-M1","CAT-NB1")'],
    execute: ({ modem }) => [quectelSignal(modem.state)],
  }),
  registration("CREG", "Network registration", "3GPP TS 27.007 §7.2", [0, 1, 2], "creg"),
  registration("CGREG", "GPRS registration", "3GPP TS 27.007 §10.1.20", [0, 1, 2], "cgreg"),
  registration("CEREG", "EPS registration", "3GPP TS 27.007 §10.1.22", [0, 1, 2, 4], "cereg"),
  cops,
  defineCommand({
    name: "+QNWINFO",
    title: "Network information",
    spec: "BG96 AT Commands Manual §6.9",
    execute: ({ modem }) => [networkInformation(modem.state)],
  }),
];
