/** Short messages: an empty store, and a network that takes whatever is sent (3GPP TS 27.005). USSD, which LTE-M has not. */
import { type CommandContext, type CommandDefinition, defineCommand, type Parameter } from "#at/command";
import { keepSetting, keptSetting } from "#at/kept-setting";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError, CmsError } from "#at/result";
import { requireCard } from "#at/sim-access";
import { inService } from "#modem/network";

const spec = "3GPP TS 27.005";
const errors = "cms";

const cmgf = defineCommand({
  name: "+CMGF",
  title: "Message format: 0 PDU, 1 text",
  spec: `${spec} §3.2.3`,
  errors,
  parameters: [integer("mode", [0, 1])],
  read: ({ session }) => [`+CMGF: ${session.cmgf}`],
  write({ session }, { mode }) {
    session.cmgf = mode;
    return [];
  },
});

const csms = defineCommand({
  name: "+CSMS",
  title: "Message service",
  spec: `${spec} §3.2.1`,
  errors,
  parameters: [integer("service", [0, 1])],
  read: (context) => [`+CSMS: ${keptSetting(context, "csms", "0")},1,1,1`],
  write(context, { service }) {
    keepSetting(context, "csms", String(service));
    return ["+CSMS: 1,1,1"];
  },
});

const STORES = ["SM", "ME"] as const;
/** Messages that fit. */
const CAPACITY = { SM: 40, ME: 255 } as const;
type Store = (typeof STORES)[number];
const FACTORY_STORES = "ME,ME,ME";

const stores = (context: CommandContext) => keptSetting(context, "cpms", FACTORY_STORES).split(",") as Store[];

const cpms = defineCommand({
  name: "+CPMS",
  title: "Message stores",
  spec: `${spec} §3.2.2`,
  errors,
  parameters: [word("mem1", STORES), optional(word("mem2", STORES)), optional(word("mem3", STORES))],
  read: (context) => [
    `+CPMS: ${stores(context)
      .map((store) => `"${store}",0,${CAPACITY[store]}`)
      .join(",")}`,
  ],
  write(context, { mem1, mem2, mem3 }) {
    const [, before2 = "ME", before3 = "ME"] = stores(context);
    const chosen = [mem1, mem2 ?? before2, mem3 ?? before3];
    keepSetting(context, "cpms", chosen.join(","));
    return [`+CPMS: ${chosen.map((store) => `0,${CAPACITY[store]}`).join(",")}`];
  },
});

const cnmi = defineCommand({
  name: "+CNMI",
  title: "New message indications",
  spec: `${spec} §3.4.1`,
  errors,
  parameters: [
    integer("mode", [0, 1, 2]),
    optional(integer("mt", [0, 1, 2, 3])),
    optional(integer("bm", [0, 2])),
    optional(integer("ds", [0, 1, 2])),
    optional(integer("bfr", [0, 1])),
  ],
  read: ({ session }) => [`+CNMI: ${session.cnmi.join(",")}`],
  write({ session }, { mode, mt = 0, bm = 0, ds = 0, bfr = 0 }) {
    session.cnmi = [mode, mt, bm, ds, bfr];
    return [];
  },
});

const csmp = defineCommand({
  name: "+CSMP",
  title: "Text mode parameters",
  spec: `${spec} §3.3.3`,
  errors,
  parameters: [
    integer("fo", { min: 0, max: 255 }),
    optional(integer("vp", { min: 0, max: 255 })),
    optional(integer("pid", { min: 0, max: 255 })),
    optional(integer("dcs", { min: 0, max: 255 })),
  ],
  read: ({ session }) => [`+CSMP: ${session.csmp.join(",")}`],
  write({ session }, { fo, vp = 167, pid = 0, dcs = 0 }) {
    session.csmp = [fo, vp, pid, dcs];
    return [];
  },
});

const NUMBER = /^\+?[\d*#]{0,20}$/;
/** 3GPP TS 24.008 §10.5.4.7: 145 international, 129 otherwise. */
const typeOf = (number: string) => (number.startsWith("+") ? 145 : 129);

const csca = defineCommand({
  name: "+CSCA",
  title: "Service centre address",
  spec: `${spec} §3.3.1`,
  errors,
  parameters: [string("sca", { pattern: NUMBER }), optional(integer("tosca", [129, 145, 161]))],
  read: (context) => [`+CSCA: ${keptSetting(context, "csca", '"",129')}`],
  write: (context, { sca, tosca = typeOf(sca) }) => keepSetting(context, "csca", `"${sca}",${tosca}`),
});

/** Text mode's `"<da>"`, or PDU mode's length in octets. */
const recipient: Parameter<"da_or_length", string | number> = {
  name: "da_or_length",
  optional: false,
  range: "<da>",
  parse(text, quoted) {
    if (quoted && NUMBER.test(text) && text !== "") return text;
    if (!quoted && /^\d{1,3}$/.test(text)) return Number(text);
    throw new CmeError(50, "da_or_length: neither a number in quotes nor a length");
  },
};

/** 160 characters of text, or 164 octets and a service centre's address in hexadecimal. */
const MOST_TYPED = 400;

/** Whether a PDU is hexadecimal and as long as announced, the service centre's address not counted. */
function isPdu(text: string, length: number): boolean {
  if (!/^([0-9A-Fa-f]{2})+$/.test(text)) return false;
  const centre = 1 + Number.parseInt(text.slice(0, 2), 16);
  return text.length / 2 === centre + length;
}

const cmgs = defineCommand({
  name: "+CMGS",
  title: "Send a message; the text follows the prompt and ends with Ctrl-Z",
  spec: `${spec} §3.5.1`,
  errors,
  parameters: [recipient, optional(integer("toda", [129, 145, 161]))],
  test: () => [],
  async write(context, { da_or_length }) {
    const { modem, data, session } = context;
    requireCard(modem.state, false);
    const isText = typeof da_or_length === "string";
    if (isText !== (session.cmgf === 1)) throw new CmsError(isText ? 304 : 305);
    const typed = await data.prompt(MOST_TYPED);
    if (!typed) return [];
    if (!isText && !isPdu(typed.toString("latin1").trim(), da_or_length)) throw new CmsError(304);
    if (!inService(modem.state)) throw new CmsError(331);
    // TP-Message-Reference: the next one of 0-255 (3GPP TS 23.040 §9.2.3.6)
    const reference = (Number(keptSetting(context, "sms/reference", "255")) + 1) % 256;
    keepSetting(context, "sms/reference", String(reference));
    return [`+CMGS: ${reference}`];
  },
});

/** <stat> in words in text mode, in numbers in PDU mode. */
const WORDS = ["REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL"] as const;
const stat: Parameter<"stat", string> = {
  ...word("stat", [...WORDS, "0", "1", "2", "3", "4"]),
  range: '("REC UNREAD","REC READ","STO UNSENT","STO SENT","ALL")',
};

const cmgl = defineCommand({
  name: "+CMGL",
  title: "List messages",
  spec: `${spec} §3.4.2`,
  errors,
  parameters: [stat],
  write: () => [],
  execute: () => [],
});

/** There is no message at any place. */
const cmgr = defineCommand({
  name: "+CMGR",
  title: "Read a message",
  spec: `${spec} §3.4.3`,
  errors,
  parameters: [integer("index", { min: 0, max: 254 })],
  test: () => [],
  write() {
    throw new CmsError(321);
  },
});

const cmgd = defineCommand({
  name: "+CMGD",
  title: "Delete messages",
  spec: `${spec} §3.5.4`,
  errors,
  parameters: [integer("index", { min: 0, max: 254 }), optional(integer("delflag", [0, 1, 2, 3, 4]))],
  test: () => ["+CMGD: (),(0-4)"],
  write: () => [],
});

/** 3GPP TS 27.007 §7.15: operation not supported. */
const USSD_NOT_SUPPORTED = 4;

const cusd = defineCommand({
  name: "+CUSD",
  title: "USSD",
  spec: "3GPP TS 27.007 §7.15",
  parameters: [integer("n", [0, 1, 2]), optional(string("str", { max: 182 })), optional(integer("dcs", { min: 0, max: 255 }))],
  test: () => ["+CUSD: (0-2)"],
  read: ({ session }) => [`+CUSD: ${session.cusd}`],
  write({ modem, session }, { n, str }) {
    if (n !== 2) session.cusd = n; // 2 ends a dialogue: there is none
    if (str === undefined) return [];
    if (!inService(modem.state)) throw new CmeError(30);
    modem.update({ networkReport: { kind: "ussd", status: USSD_NOT_SUPPORTED } });
    return [];
  },
});

export const smsCommands: readonly CommandDefinition[] = [cmgf, csms, cpms, cnmi, csmp, csca, cmgs, cmgl, cmgr, cmgd, cusd];
