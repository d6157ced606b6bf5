/** AT+QINDCFG: which `+QIND` lines are printed. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { keepSetting } from "#at/memory/kept-setting";
import { integer, optional } from "#at/parameter";
import { INDICATIONS, type Indication, isIndicated } from "#at/urcs/indication";

const spec = "BG96 AT Commands Manual §2";

const TITLES: Readonly<Record<Indication, string>> = {
  all: "Every indication",
  csq: "Change of the signal",
  smsfull: "Message store full",
  ring: "Incoming call",
  smsincoming: "Incoming message",
};

function set(context: CommandContext, key: Indication, enable: 0 | 1, save: 0 | 1): readonly string[] {
  context.session.scratch.indications[key] = enable;
  return save === 1 ? keepSetting(context, `qindcfg/${key}`, String(enable)) : [];
}

const indication = (key: Indication) =>
  defineCommand({
    name: key,
    title: TITLES[key],
    spec,
    parameters: [integer("enable", [0, 1]), optional(integer("save", [0, 1]))],
    read: ({ session, modem }) => [`+QINDCFG: "${key}",${isIndicated(session, modem.state, key) ? 1 : 0}`],
    write: (context, { enable, save = 0 }) => set(context, key, enable, save),
  });

export const qindcfg: CommandDefinition = defineCommand({
  name: "+QINDCFG",
  title: "Configure indications",
  spec,
  test: () => [`+QINDCFG: (${INDICATIONS.map((key) => `"${key}"`).join(",")}),(0,1),(0,1)`],
  subcommands: Object.fromEntries(INDICATIONS.map((key) => [key, indication(key)])),
});
