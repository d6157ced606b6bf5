/** Short messages: the settings of format, indications and addresses (3GPP TS 27.005). USSD, which LTE-M has not. */
import { type CommandDefinition, defineCommand, type Parameter } from "#at/command";
import { smsSendCommands } from "#at/commands/sms-send";
import { smsStoreCommands } from "#at/commands/sms-store";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { readNumber, serviceCentre, typeOfAddress } from "#at/messages/message-entry";
import { toTe } from "#at/messages/te-charset";
import { integer, optional, string } from "#at/parameter";
import { CmeError, CmsError } from "#at/result";
import { inService } from "#modem/network";
import { routed } from "#modem/sms/message-centre";
import { numberOf } from "#modem/sms/pdu-fields";
import { validityFormat } from "#modem/sms/tpdu";

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
  title: "Message service: with 1 a message told as a whole waits for AT+CNMA",
  spec: `${spec} §3.2.1`,
  errors,
  parameters: [integer("service", [0, 1])],
  read: (context) => [`+CSMS: ${keptSetting(context, "csms", "0")},1,1,1`],
  write(context, { service }) {
    keepSetting(context, "csms", String(service));
    return ["+CSMS: 1,1,1"];
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
  read: ({ modem }) => [`+CNMI: ${modem.state.sms.routing.join(",")}`],
  write({ modem }, { mode, mt = 0, bm = 0, ds = 0, bfr = 0 }) {
    modem.update({ sms: routed(modem.state.sms, [mode, mt, bm, ds, bfr]) });
    return [];
  },
});

/** Relative, 0-255, or absolute, "yy/MM/dd,hh:mm:ss±zz". */
const validity: Parameter<"vp", string | number> = {
  name: "vp",
  optional: false,
  range: "(0-255)",
  parse(text, quoted) {
    if (quoted && /^\d\d\/\d\d\/\d\d,\d\d:\d\d:\d\d[+-]\d\d$/.test(text)) return text;
    if (!quoted && /^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
    throw new CmeError(50, "vp: neither a number nor a time");
  },
};

const ENHANCED = 1;
const ABSOLUTE = 3;

const csmp = defineCommand({
  name: "+CSMP",
  title: "Text mode parameters",
  spec: `${spec} §3.3.3`,
  errors,
  parameters: [
    optional(integer("fo", { min: 0, max: 255 })),
    optional(validity),
    optional(integer("pid", { min: 0, max: 255 })),
    optional(integer("dcs", { min: 0, max: 255 })),
  ],
  read: ({ session: { csmp } }) => [`+CSMP: ${csmp.map((each) => (typeof each === "string" ? `"${each}"` : each)).join(",")}`],
  write({ session }, values) {
    const [fo, vp, pid, dcs] = session.csmp;
    const next = [values.fo ?? fo, values.vp ?? vp, values.pid ?? pid, values.dcs ?? dcs] as const;
    const format = validityFormat(next[0]);
    if (format === ENHANCED) throw new CmsError(303, "enhanced validity");
    if (format !== 0 && (format === ABSOLUTE) !== (typeof next[1] === "string")) throw new CmsError(305, "fo and vp differ");
    session.csmp = next;
    return [];
  },
});

const csdh = defineCommand({
  name: "+CSDH",
  title: "Details of messages in text mode",
  spec: `${spec} §3.3.2`,
  errors,
  parameters: [integer("show", [0, 1])],
  read: ({ session }) => [`+CSDH: ${session.csdh}`],
  write({ session }, { show }) {
    session.csdh = show;
    return [];
  },
});

const csca = defineCommand({
  name: "+CSCA",
  title: "Service centre address; the card's until another is given",
  spec: `${spec} §3.3.1`,
  errors,
  parameters: [string("sca", { max: 84 }), optional({ ...typeOfAddress, name: "tosca" as const })],
  read(context) {
    const centre = serviceCentre(context);
    return [`+CSCA: "${toTe(numberOf(centre), context.session.cscs)}",${centre.type}`];
  },
  write(context, { sca, tosca }) {
    const centre = readNumber(context, sca, tosca);
    return keepSetting(context, "csca", `"${numberOf(centre)}",${centre.type}`);
  },
});

const LIST = { max: 64, pattern: /^[\d,-]*$/ };

/** Kept only: LTE-M cells broadcast no messages. */
const cscb = defineCommand({
  name: "+CSCB",
  title: "Cell broadcast messages: kept, none ever comes",
  spec: `${spec} §3.3.4`,
  errors,
  parameters: [integer("mode", [0, 1]), optional(string("mids", LIST)), optional(string("dcss", LIST))],
  read: ({ session }) => [`+CSCB: ${session.cscb}`],
  write({ session }, { mode, mids = "", dcss = "" }) {
    session.cscb = `${mode},"${mids}","${dcss}"`;
    return [];
  },
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

export const smsCommands: readonly CommandDefinition[] = [cmgf, csms, cnmi, csmp, csdh, csca, cscb, ...smsStoreCommands, ...smsSendCommands, cusd];
