/** AT+QCFG: how the module looks for a network. The values are kept; the simulated network does not depend on them. */
import { type CommandContext, type CommandDefinition, defineCommand, type Parameter } from "#at/command";
import { integer, optional, string } from "#at/parameter";
import { CmeError } from "#at/result";

const SPEC = "BG96 AT Commands Manual §4";

const kept = ({ modem }: CommandContext, key: string, byDefault: string) => modem.state.settings[`qcfg/${key}`] ?? byDefault;

function keep({ modem }: CommandContext, key: string, value: string): readonly string[] {
  modem.update((state) => ({ settings: { ...state.settings, [`qcfg/${key}`]: value } }));
  return [];
}

/** Whether a change takes effect at once (1, the default) or after a restart. */
const effect = optional(integer("effect", [0, 1]));

/** A setting of one value. */
const setting = (name: string, title: string, value: Parameter<"value", number | string>, byDefault: string) =>
  defineCommand({
    name,
    title,
    spec: SPEC,
    parameters: [value, effect],
    read: (context) => [`+QCFG: "${name}",${kept(context, name, byDefault)}`],
    write: (context, args) => keep(context, name, String(args.value)),
  });

const scanSequence = string("value", { bare: true, pattern: /^(0[0-3]){1,3}$/, range: "(00,01,02,03)" });

/** A mask of bands in hexadecimal, with or without 0x; 0 leaves what is set. */
const mask = <const Name extends string>(name: Name, most: string) => string(name, { bare: true, pattern: /^(0x)?[0-9a-f]{1,20}$/i, range: `(0-${most})` });
const FACTORY_BANDS = ["0xf", "0x400a0e189f", "0xa0e189f"] as const;

const band = defineCommand({
  name: "band",
  title: "Bands to search: GSM, Cat M1, Cat NB1",
  spec: SPEC,
  parameters: [mask("gsmbandval", "f"), mask("catm1bandval", "400a0e189f"), mask("catnb1bandval", "a0e189f"), effect],
  read: (context) => [`+QCFG: "band",${kept(context, "band", FACTORY_BANDS.join(","))}`],
  write(context, { gsmbandval, catm1bandval, catnb1bandval }) {
    const before = kept(context, "band", FACTORY_BANDS.join(",")).split(",");
    const masks = [gsmbandval, catm1bandval, catnb1bandval].map((text, index) => {
      const value = BigInt(`0x${text.replace(/^0x/i, "")}`);
      if (value > BigInt(FACTORY_BANDS[index]!)) throw new CmeError(50, "no such band");
      return value === 0n ? before[index] : `0x${value.toString(16)}`;
    });
    return keep(context, "band", masks.join(","));
  },
});

const settings: readonly CommandDefinition[] = [
  setting("nwscanmode", "Access technologies to search: 0 all, 1 GSM, 3 LTE", integer("value", [0, 1, 3]), "0"),
  setting("nwscanseq", "Order of the search", scanSequence, "020301"),
  setting("iotopmode", "LTE category to search: 0 Cat M1, 1 Cat NB1, 2 both", integer("value", [0, 1, 2]), "0"),
  band,
];

export const qcfg = defineCommand({
  name: "+QCFG",
  title: "Extended configuration",
  spec: SPEC,
  bareError: true,
  subcommands: Object.fromEntries(settings.map((each) => [each.name, each])),
});
