/** AT+QLWM2M: one family for everything about the LwM2M Client. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { qlwm2mFiles } from "#at/commands/qlwm2m-files";
import { lifetimeRange } from "#at/commands/qlwm2m-lifetime";
import { qlwm2mServer } from "#at/commands/qlwm2m-server";
import { qlwm2mSession } from "#at/commands/qlwm2m-session";

/** As the guide prints it, blanks included; it is not the sum of the grammars. */
const addedIn11 = (lifetimes: string) => [
  '"cdp", <server>, <port>',
  '"epns", (0,1)[, <ep_name>]',
  '"bsmode", (0,1)',
  '"mbsps", <srvCode>, <seriaNo>, <cnt>, <iccid>, <module>[, <mac>]',
  '"register"[, (0,1)]',
  '"update", <ssid>[, (0,1)]',
  '"deregister"',
  `"lifetime", <ssid>, ${lifetimes}`,
  '"uldata", <objID>, (1-1460), <Data>',
  '"ulhex", <objID>, (1-1460), <HexData>',
  '"dltype", (0,1)',
  '"ippref", (0,1)',
];
/** Those that the edition 1.0 has, too. */
const SINCE_10 = [
  '"enable", (0,1)',
  '"bootstrap", (0-4)[, <instance>]',
  '"qcli_en", (0,1)',
  '"psk", (0,1)',
  '"apn", <apn_name>',
  '"endpoint", (4,7), (4,7)',
  '"reset"',
  '"clean"',
];

/** The functions that the guide's edition tells of; the others are there in both. */
function testForm({ spelling }: CommandContext): readonly string[] {
  const ownOf11 = spelling.edition === "1.0" ? [] : addedIn11(lifetimeRange(spelling));
  const lines = [`"select", (0-${spelling.edition === "1.0" ? 3 : 5})`, ...ownOf11, ...SINCE_10];
  return lines.map((line) => `+QLWM2M: ${line}`);
}

const rows: readonly CommandDefinition[] = [...qlwm2mServer, ...qlwm2mFiles, ...qlwm2mSession];

export const qlwm2m = defineCommand({
  name: "+QLWM2M",
  title: "Configure and run the LwM2M Client",
  spec: "BG96 LwM2M User Guide V1.1 §4.1",
  errors: "client",
  test: testForm,
  subcommands: Object.fromEntries(rows.map((row) => [row.name, row])),
});
