/** AT+QCFG: how the module looks for a network and how it behaves. Every value is kept; where nothing simulated depends on it, its title says so. */
import { type CommandContext, type CommandDefinition, defineCommand, type Parameter } from "#at/command";
import { geofenceCommands } from "#at/commands/geofence";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError } from "#at/result";
import { inForce, SEARCH_DEFAULTS, type SearchSetting } from "#modem/search-settings";

const SPEC = "BG96 AT Commands Manual §4";

const kept = (context: CommandContext, key: string, byDefault: string) => keptSetting(context, `qcfg/${key}`, byDefault);

/** What a change without <effect>, and with 1, does at once, and with 0 at the next start. */
const effect = optional(integer("effect", [0, 1]));

const isSteering = (key: string): key is SearchSetting => Object.hasOwn(SEARCH_DEFAULTS, key);

function keep({ modem }: CommandContext, key: string, value: string, at: 0 | 1 = 1): readonly [] {
  modem.update((state) => {
    const settings = { ...state.settings, [`qcfg/${key}`]: value };
    if (!isSteering(key)) return { settings };
    const { [key]: _, ...others } = state.network.untilRestart;
    const untilRestart = at === 1 ? others : { ...others, [key]: inForce(state, key) };
    return { settings, network: { ...state.network, untilRestart } };
  });
  return [];
}

/** A setting of one value. @param key under which it is kept */
const setting = (name: string, title: string, value: Parameter<"value", number | string>, byDefault: string, key = name) =>
  defineCommand({
    name,
    title,
    spec: SPEC,
    parameters: [value, effect],
    read: (context) => [`+QCFG: "${name}",${kept(context, key, byDefault)}`],
    write: (context, args) => keep(context, key, String(args.value), args.effect),
  });

/** One that steers the search or the attach. */
const steering = (name: SearchSetting, title: string, value: Parameter<"value", number | string>) => setting(name, title, value, SEARCH_DEFAULTS[name]);

const scanSequence = string("value", { bare: true, pattern: /^(0[0-3]){1,3}$/, range: "(00,01,02,03)" });

/** A mask of bands in hexadecimal, with or without 0x; 0 leaves what is set. */
const mask = <const Name extends string>(name: Name, most: string) => string(name, { bare: true, pattern: /^(0x)?[0-9a-f]{1,20}$/i, range: `(0-${most})` });
const FACTORY_BANDS = SEARCH_DEFAULTS.band.split(",");

const band = defineCommand({
  name: "band",
  title: "Bands to search: GSM, Cat M1, Cat NB1",
  spec: SPEC,
  parameters: [mask("gsmbandval", "f"), mask("catm1bandval", "400a0e189f"), mask("catnb1bandval", "a0e189f"), effect],
  read: (context) => [`+QCFG: "band",${kept(context, "band", SEARCH_DEFAULTS.band)}`],
  write(context, { gsmbandval, catm1bandval, catnb1bandval, effect: at }) {
    const before = kept(context, "band", SEARCH_DEFAULTS.band).split(",");
    const masks = [gsmbandval, catm1bandval, catnb1bandval].map((text, index) => {
      const value = BigInt(`0x${text.replace(/^0x/i, "")}`);
      if (value > BigInt(FACTORY_BANDS[index]!)) throw new CmeError(50, "no such band");
      return value === 0n ? before[index] : `0x${value.toString(16)}`;
    });
    return keep(context, "band", masks.join(","), at);
  },
});

/** A setting of several values, those left out staying as they are. */
const settingOfSeveral = (name: string, title: string, values: readonly Parameter[], byDefault: string) =>
  defineCommand({
    name,
    title,
    spec: SPEC,
    parameters: values,
    read: (context) => [`+QCFG: "${name}",${kept(context, name, byDefault)}`],
    write(context, args: Readonly<Record<string, unknown>>) {
      const before = kept(context, name, byDefault).split(",");
      const after = values.map(({ name: key }, index) => {
        const value = args[key];
        return value === undefined ? before[index] : typeof value === "number" ? String(value) : `"${value}"`;
      });
      return keep(context, name, after.join(","));
    },
  });

/** A setting that is one of some words. */
const settingOfWords = (name: string, title: string, words: readonly string[]) => settingOfSeveral(name, title, [word("value", words)], `"${words[0]}"`);

const pulse = { min: 5, max: 2000 };
const RI_BEHAVIOUR = ["off", "pulse", "always", "auto", "wave"] as const;

const BAND_PRIORITY = "nb1/bandprior";
const bandList = string("value", { bare: true, pattern: /^([0-9a-f]{2}){1,15}$/i, range: "<bands>" });

const settings: readonly CommandDefinition[] = [
  steering("nwscanmode", "Access technologies to search: 0 all, 1 GSM, 3 LTE", integer("value", [0, 1, 3])),
  steering("nwscanseq", "Order of the search: each technology before the cell's takes its time", scanSequence),
  steering("iotopmode", "LTE category to search: 0 Cat M1, 1 Cat NB1, 2 both", integer("value", [0, 1, 2])),
  band,
  steering("servicedomain", "Domain to attach to: 0 circuit (no service on LTE, no packets on GSM), 1 packet, 2 both", integer("value", [0, 1, 2])),
  steering("roamservice", "Roaming: 1 off (searching goes on), 2 on, 255 as the card says (on)", integer("value", [1, 2, 255])),
  steering("gprsattach", "Whether the module attaches by itself; on LTE it registers by its attach alone", integer("value", [0, 1])),
  setting("msc", "Release of the MSC: 0 R97, 1 R99, 2 dynamic; without effect", integer("value", [0, 1, 2]), "2"),
  setting("sgsn", "Release of the SGSN: 0 R97, 1 R99, 2 dynamic; without effect", integer("value", [0, 1, 2]), "2"),
  setting("celevel", "Coverage enhancement level on Cat NB1; without effect", integer("value", [0, 1, 2]), "0"),
  setting("ims", "IMS: 0 as the card says, 1 on, 2 off; without effect", integer("value", [0, 1, 2]), "0"),
  setting("psm/urc", "Whether +QPSMTIMER tells the timers of PSM", integer("value", [0, 1]), "0"),
  setting("psm/enter", "Whether PSM begins with the end of the connection, without the active time", integer("value", [0, 1]), "0"),
  setting(BAND_PRIORITY, "Bands of Cat NB1, the first ones searched first; without effect", bandList, "01"),
  setting("nb/bandprior", `The same as "${BAND_PRIORITY}", as some hosts call it; without effect`, bandList, "01", BAND_PRIORITY),
  steering("pdp/duplicatechk", "Whether two active contexts may have one APN", integer("value", [0, 1])),
  setting("cmux/urcport", "Channel of unsolicited result codes under CMUX; 0 = all", integer("value", [0, 1, 2, 3, 4]), "0"),
  setting("urc/delay", "Whether unsolicited result codes wait for the end of the ring indicator's pulse; without effect", integer("value", [0, 1]), "0"),
  settingOfSeveral(
    "urc/ri/ring",
    "Ring indicator at an incoming call; without effect",
    [
      word("type", RI_BEHAVIOUR),
      optional(integer("pulse_duration", pulse)),
      optional(integer("active_duration", { min: 5, max: 10_000 })),
      optional(integer("inactive_duration", { min: 5, max: 10_000 })),
      optional(word("ring_no_disturbing", ["off", "on"])),
      optional(integer("pulse_count", { min: 1, max: 5 })),
    ],
    '"pulse",120,1000,5000,"off",1',
  ),
  settingOfSeveral(
    "urc/ri/other",
    "Ring indicator at other events; without effect",
    [word("type", ["off", "pulse"]), optional(integer("pulse_duration", pulse)), optional(integer("pulse_count", { min: 1, max: 5 }))],
    '"pulse",120,1',
  ),
  settingOfSeveral(
    "apready",
    "Pin by which a host tells that it listens; without effect",
    [integer("enable", [0, 1]), optional(integer("level", [0, 1])), optional(integer("interval", { min: 100, max: 3000 }))],
    "0,0,500",
  ),
  settingOfWords("risignaltype", "Pin of the ring indicator; without effect", ["respective", "physical"]),
];

export const qcfg = defineCommand({
  name: "+QCFG",
  title: "Extended configuration",
  spec: SPEC,
  errors: "bare",
  subcommands: Object.fromEntries(settings.map((each) => [each.name, each])),
});

const fotaApn = defineCommand({
  name: "fota_apn",
  title: "Context for firmware over the air",
  spec: "BG96 DFOTA Upgrade Guide V1.1 §3.2",
  parameters: [
    integer("ip_type", [1, 2, 3]),
    string("apn", { min: 1, max: 100, pattern: /^[!#-~]*$/ }),
    optional(string("username", { max: 127, pattern: /^[ !#-~]*$/ })),
    optional(string("password", { max: 127, pattern: /^[ !#-~]*$/ })),
  ],
  read: (context) => [`+QCFGEXT: "fota_apn",${keptSetting(context, "qcfgext/fota_apn", '1,"","",""')}`],
  write: (context, { ip_type, apn, username = "", password = "" }) =>
    keepSetting(context, "qcfgext/fota_apn", `${ip_type},"${apn}","${username}","${password}"`),
});

export const qcfgext = defineCommand({
  name: "+QCFGEXT",
  title: "Extended configuration of applications",
  spec: "BG96 DFOTA Upgrade Guide V1.1 §3.2",
  errors: "bare",
  subcommands: { fota_apn: fotaApn, ...geofenceCommands },
});
