/** The one-letter commands: how the terminal itself behaves (ITU-T V.250 §6). */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { integer } from "#at/parameter";
import { restoreSession, type Session, storedProfile } from "#at/session";
import { rateInForce } from "#modem/line-rate";
import { FACTORY_ROUTING, routed } from "#modem/sms/message-centre";

type Flag = "echo" | "verbose" | "quiet";
type Level = "x" | "c" | "d";

/** A switch of the session, ATE<value>; without a value it takes the factory's. */
const flag = (name: string, title: string, spec: string, key: Flag, byDefault: boolean) =>
  defineCommand({
    name,
    title,
    spec,
    parameters: [integer("value", [0, 1])],
    write({ session }, { value }) {
      session[key] = value === 1;
      return [];
    },
    execute({ session }) {
      session[key] = byDefault;
      return [];
    },
  });

/** A level of the session without effect on a pty, kept so that hosts find what they set. */
const level = (name: string, title: string, spec: string, key: Level, values: readonly number[], byDefault: number) =>
  defineCommand({
    name,
    title,
    spec,
    parameters: [integer("value", values)],
    write({ session }, { value }) {
      session[key] = value;
      return [];
    },
    execute({ session }) {
      session[key] = byDefault;
      return [];
    },
  });

/** S-registers by number: title, clause. */
const REGISTERS: ReadonlyArray<readonly [number, string, string]> = [
  [0, "Rings before automatic answer; kept only, no call ever comes", "ITU-T V.250 §6.3.8"],
  [3, "Command line termination character", "ITU-T V.250 §6.2.1"],
  [4, "Response formatting character", "ITU-T V.250 §6.2.2"],
  [5, "Command line editing character", "ITU-T V.250 §6.2.3"],
  [6, "Pause before blind dialling; kept only", "ITU-T V.250 §6.3.9"],
  [7, "Connection completion timeout; kept only", "ITU-T V.250 §6.3.10"],
  [8, "Comma dial modifier time; kept only", "ITU-T V.250 §6.3.11"],
  [10, "Automatic disconnect delay; kept only", "ITU-T V.250 §6.3.12"],
];

const register = ([number, title, spec]: (typeof REGISTERS)[number]) =>
  defineCommand({
    name: `S${number}`,
    title,
    spec,
    parameters: [integer("value", { min: 0, max: number >= 3 && number <= 5 ? 127 : 255 })],
    read: ({ session }) => [String(session.s[number]).padStart(3, "0")],
    write({ session }, { value }) {
      session.s[number] = value;
      return [];
    },
    // V.250 §5.3.2: selects the register; nothing here reads the selection.
    execute: () => [],
  });

/** BG96: as the manual's AT&V lists them. */
function configurationLines({ echo, quiet, verbose, x, c, d, s }: Session): readonly string[] {
  const bit = (value: boolean) => (value ? 1 : 0);
  const registers = Object.entries(s).map(([number, value]) => `S${number}: ${value}`);
  return [`&C: ${c}`, `&D: ${d}`, `&F: 0`, `&W: 0`, `E: ${bit(echo)}`, `Q: ${bit(quiet)}`, `V: ${bit(verbose)}`, `X: ${x}`, `Z: 0`, ...registers];
}

/** ATZ0, AT&F0 and AT&W0 name the one profile there is. */
const PROFILE = [integer("profile", [0])] as const;

export const basicCommands: readonly CommandDefinition[] = [
  flag("E", "Command echo", "ITU-T V.250 §6.2.4", "echo", true),
  flag("V", "Verbose result codes", "ITU-T V.250 §6.2.6", "verbose", true),
  flag("Q", "Suppress result codes", "ITU-T V.250 §6.2.5", "quiet", false),
  level("X", "Call progress result codes; kept only", "ITU-T V.250 §6.2.7", "x", [0, 1, 2, 3, 4], 4),
  level("&C", "Data carrier detect; kept only", "ITU-T V.250 §6.2.8", "c", [0, 1], 1),
  level("&D", "Data terminal ready; kept only, a pty has no such line", "ITU-T V.250 §6.2.9", "d", [0, 1, 2], 1),
  ...REGISTERS.map(register),
  defineCommand({
    name: "Z",
    title: "Restore the stored profile",
    spec: "ITU-T V.250 §6.1.1",
    parameters: PROFILE,
    write: (context) => restore(context, context.modem.state.settings.profile),
    execute: (context) => restore(context, context.modem.state.settings.profile),
  }),
  defineCommand({
    name: "&F",
    title: "Restore factory settings",
    spec: "ITU-T V.250 §6.1.2",
    parameters: PROFILE,
    write: (context) => restore(context, undefined),
    execute: (context) => restore(context, undefined),
  }),
  defineCommand({
    name: "&W",
    title: "Store the profile",
    spec: "BG96 AT Commands Manual §2.12",
    parameters: PROFILE,
    write: store,
    execute: store,
  }),
  defineCommand({
    name: "&V",
    title: "Show the configuration",
    spec: "BG96 AT Commands Manual §2.11",
    execute: ({ session }) => configurationLines(session),
  }),
  defineCommand({
    name: "H",
    title: "Hang up",
    spec: "ITU-T V.250 §6.3.6",
    parameters: [integer("value", [0])],
    write: () => [],
    execute: () => [],
  }),
];

function restore({ modem, session }: CommandContext, profile: string | undefined): readonly string[] {
  restoreSession(session, profile);
  const { sms } = modem.state;
  if (sms.routing !== FACTORY_ROUTING) modem.update({ sms: routed(sms, FACTORY_ROUTING) });
  return [];
}

function store({ modem, session }: CommandContext): readonly string[] {
  modem.update((state) => ({
    settings: { ...state.settings, ipr: String(rateInForce(state)), profile: storedProfile(session) },
  }));
  return [];
}
