/** PSM, eDRX and sleep: what is asked of the network, and what it grants. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { integer, optional, string } from "#at/parameter";
import { CmeError } from "#at/result";
import { activeSeconds, EDRX_TYPE, FACTORY_PSM, FACTORY_QPSMCFG, grantedEdrx, keptPsm, requestedEdrx, requestedPsm, tauSeconds } from "#modem/power-saving";

/** A timer of 3GPP TS 24.008, one byte as text. */
const bits = <const Name extends string>(name: Name) => optional(string(name, { bare: true, pattern: /^[01]{8}$/, range: '("00000000"-"11111111")' }));

const PSM_PARAMETERS = [
  integer("mode", [0, 1, 2]),
  // those of GPRS: taken, not used
  optional(string("periodic_rau", { bare: true, max: 8 })),
  optional(string("gprs_ready_timer", { bare: true, max: 8 })),
  bits("periodic_tau"),
  bits("active_time"),
] as const;
const PSM_RANGES = '(0-2),,,("00000000"-"11111111"),("00000000"-"11111111")';

/** Mode 2 is off with the factory's timers; timers left out stay as they are. */
function requestPsm(context: CommandContext, mode: 0 | 1 | 2, periodicTau: string | undefined, activeTime: string | undefined) {
  const before = mode === 2 ? FACTORY_PSM : requestedPsm(context.modem.state);
  const request = { enabled: mode === 1, periodicTau: periodicTau ?? before.periodicTau, activeTime: activeTime ?? before.activeTime };
  return keepSetting(context, "cpsms", keptPsm(request));
}

const cpsms = defineCommand({
  name: "+CPSMS",
  title: "Power saving mode",
  spec: "3GPP TS 27.007 §7.38",
  parameters: PSM_PARAMETERS,
  test: () => [`+CPSMS: ${PSM_RANGES}`],
  read({ modem }) {
    const { enabled, periodicTau, activeTime } = requestedPsm(modem.state);
    return [`+CPSMS: ${enabled ? 1 : 0},,,"${periodicTau}","${activeTime}"`];
  },
  write: (context, { mode, periodic_tau, active_time }) => requestPsm(context, mode, periodic_tau, active_time),
});

const qpsms = defineCommand({
  name: "+QPSMS",
  title: "Power saving mode; read in seconds",
  spec: "Quectel BG96 PSM Application Note V1.0",
  parameters: PSM_PARAMETERS,
  test: () => [`+QPSMS: ${PSM_RANGES}`],
  read({ modem }) {
    const { enabled, periodicTau, activeTime } = requestedPsm(modem.state);
    return [`+QPSMS: ${enabled ? 1 : 0},,,"${tauSeconds(periodicTau) ?? 0}","${activeSeconds(activeTime) ?? 0}"`];
  },
  write: (context, { mode, periodic_tau, active_time }) => requestPsm(context, mode, periodic_tau, active_time),
});

const qpsmcfg = defineCommand({
  name: "+QPSMCFG",
  title: "Shortest sleep of PSM, s, and its version, kept only",
  spec: "Quectel BG96 PSM Application Note V1.0",
  parameters: [integer("threshold", { min: 20, max: 4_294_967_295 }), optional(integer("psm_version", { min: 0, max: 15 }))],
  read: (context) => [`+QPSMCFG: ${keptSetting(context, "qpsmcfg", FACTORY_QPSMCFG)}`],
  write(context, { threshold, psm_version }) {
    const version = psm_version ?? keptSetting(context, "qpsmcfg", FACTORY_QPSMCFG).split(",")[1];
    return keepSetting(context, "qpsmcfg", `${threshold},${version}`);
  },
});

const EDRX_TYPES = Object.values(EDRX_TYPE);

const cedrxs = defineCommand({
  name: "+CEDRXS",
  title: "Extended discontinuous reception; granted and told, it delays nothing",
  spec: "3GPP TS 27.007 §7.40",
  parameters: [
    integer("mode", [0, 1, 2, 3]),
    optional(integer("act_type", EDRX_TYPES)),
    optional(string("edrx", { bare: true, pattern: /^[01]{4}$/, range: '("0000"-"1111")' })),
  ],
  test: () => ['+CEDRXS: (0-3),(4,5),("0000"-"1111")'],
  read: ({ modem }) =>
    EDRX_TYPES.flatMap((type) => {
      const value = requestedEdrx(modem.state, type);
      return value === undefined ? [] : [`+CEDRXS: ${type},"${value}"`];
    }),
  write(context, { mode, act_type, edrx }) {
    const before = context.modem.state.settings;
    const of = act_type === undefined ? EDRX_TYPES : [act_type];
    const change: Record<string, string> = {};
    for (const type of of) {
      if (mode === 1 || mode === 2) {
        const value = edrx ?? before[`edrx/${type}`];
        if (act_type === undefined || !value) throw new CmeError(50, "act_type and edrx are missing");
        change[`edrx/${type}`] = value;
      } else {
        change[`edrx/${type}`] = "";
      }
    }
    // 2 is 1 with +CEDRXP; 3 is 0 with the factory's values
    const reported = mode === 2 ? "1" : mode === 1 ? (before["edrx/reported"] ?? "0") : "0";
    context.modem.update((state) => ({ settings: { ...state.settings, ...change, "edrx/reported": reported } }));
    return [];
  },
});

const cedrxrdp = defineCommand({
  name: "+CEDRXRDP",
  title: "eDRX as granted",
  spec: "3GPP TS 27.007 §7.41",
  execute({ modem }) {
    const granted = grantedEdrx(modem.state);
    if (!granted) return ["+CEDRXRDP: 0"];
    const { type, value, window } = granted;
    return [`+CEDRXRDP: ${type},"${value}","${value}","${window}"`];
  },
});

const qsclk = defineCommand({
  name: "+QSCLK",
  title: "Sleep of the main UART; kept only, a pty has no DTR to wake by",
  spec: "BG96 AT Commands Manual",
  parameters: [integer("n", [0, 1, 2])],
  read: ({ session }) => [`+QSCLK: ${session.qsclk}`],
  write({ session }, { n }) {
    session.qsclk = n;
    return [];
  },
});

export const powerSavingCommands: readonly CommandDefinition[] = [cpsms, qpsms, qpsmcfg, cedrxs, cedrxrdp, qsclk];
