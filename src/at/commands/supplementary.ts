/** Commands about calls that hosts send at their start; no call ever comes or goes (3GPP TS 27.007 §6, §7). */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer, optional, string } from "#at/parameter";
import { CmeError } from "#at/result";
import { inService } from "#modem/network";

const spec = "3GPP TS 27.007";

/** Whether the network has the service: 0 no, 1 yes, 2 unknown. */
const provisioned = (isInService: boolean) => (isInService ? 1 : 2);

const clip = defineCommand({
  name: "+CLIP",
  title: "Tell who calls",
  spec: `${spec} §7.6`,
  parameters: [integer("n", [0, 1])],
  read: ({ modem, session }) => [`+CLIP: ${session.clip},${provisioned(inService(modem.state))}`],
  write({ session }, { n }) {
    session.clip = n;
    return [];
  },
});

const colp = defineCommand({
  name: "+COLP",
  title: "Tell who has been reached",
  spec: `${spec} §7.8`,
  parameters: [integer("n", [0, 1])],
  read: ({ modem, session }) => [`+COLP: ${session.colp},${provisioned(inService(modem.state))}`],
  write({ session }, { n }) {
    session.colp = n;
    return [];
  },
});

const clir = defineCommand({
  name: "+CLIR",
  title: "Hide the own number",
  spec: `${spec} §7.7`,
  parameters: [integer("n", [0, 1, 2])],
  // <m> 4: shown unless hidden
  read: ({ session }) => [`+CLIR: ${session.clir},4`],
  write({ session }, { n }) {
    session.clir = n;
    return [];
  },
});

const crc = defineCommand({
  name: "+CRC",
  title: "Tell the kind of call, +CRING",
  spec: `${spec} §6.11`,
  parameters: [integer("mode", [0, 1])],
  read: ({ session }) => [`+CRC: ${session.crc}`],
  write({ session }, { mode }) {
    session.crc = mode;
    return [];
  },
});

const cssn = defineCommand({
  name: "+CSSN",
  title: "Tell of supplementary services during calls",
  spec: `${spec} §7.17`,
  parameters: [integer("n", [0, 1]), optional(integer("m", [0, 1]))],
  read: ({ session }) => [`+CSSN: ${session.cssn.join(",")}`],
  write({ session }, { n, m = session.cssn[1] }) {
    session.cssn = [n, m];
    return [];
  },
});

const VOICE_DATA_FAX = 7;

const ccwa = defineCommand({
  name: "+CCWA",
  title: "Call waiting: off",
  spec: `${spec} §7.12`,
  parameters: [integer("n", [0, 1]), optional(integer("mode", [0, 1, 2])), optional(integer("class", { min: 1, max: 255 }))],
  test: () => ["+CCWA: (0,1)"],
  read: ({ session }) => [`+CCWA: ${session.ccwa}`],
  write({ session }, { n, mode, class: classes = VOICE_DATA_FAX }) {
    session.ccwa = n;
    return mode === 2 ? [`+CCWA: 0,${classes}`] : [];
  },
});

const QUERY = 2;
const NOT_SUPPORTED = 4;

const ccfc = defineCommand({
  name: "+CCFC",
  title: "Call forwarding: may be asked for, is off",
  spec: `${spec} §7.11`,
  parameters: [
    integer("reason", [0, 1, 2, 3, 4, 5]),
    integer("mode", [0, 1, 2, 3, 4]),
    optional(string("number", { max: 40 })),
    optional(integer("type", { min: 128, max: 255 })),
    optional(integer("class", { min: 1, max: 255 })),
  ],
  test: () => ["+CCFC: (0-5)"],
  write({ modem }, { mode, class: classes = VOICE_DATA_FAX }) {
    if (!inService(modem.state)) throw new CmeError(30);
    if (mode !== QUERY) throw new CmeError(NOT_SUPPORTED);
    return [`+CCFC: 0,${classes}`];
  },
});

/** A command about the calls there are: there is none. */
const withoutCalls = (name: string, title: string, section: string) => defineCommand({ name, title, spec: `${spec} ${section}`, execute: () => [] });

export const supplementaryCommands: readonly CommandDefinition[] = [
  clip,
  clir,
  colp,
  crc,
  cssn,
  ccwa,
  ccfc,
  withoutCalls("+CLCC", "List calls: there are none", "§7.18"),
  withoutCalls("+CHUP", "End calls: there are none", "§6.5"),
];
