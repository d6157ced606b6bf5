/** AT+QLWM2M: one family for everything about the LwM2M Client. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { qlwm2mFiles } from "#at/commands/qlwm2m-files";
import { qlwm2mServer } from "#at/commands/qlwm2m-server";
import { qlwm2mSession } from "#at/commands/qlwm2m-session";

/** As the guide prints it, blanks included; it is not the sum of the grammars. The profiles go before. */
const TEST_FORM = [
  '"cdp", <server>, <port>',
  '"epns", (0,1)[, <ep_name>]',
  '"bsmode", (0,1)',
  '"mbsps", <srvCode>, <seriaNo>, <cnt>, <iccid>, <module>[, <mac>]',
  '"register"[, (0,1)]',
  '"update", <ssid>[, (0,1)]',
  '"deregister"',
  '"lifetime", <ssid>, (30-86400)',
  '"uldata", <objID>, (1-1460), <Data>',
  '"ulhex", <objID>, (1-1460), <HexData>',
  '"dltype", (0,1)',
  '"ippref", (0,1)',
  '"enable", (0,1)',
  '"bootstrap", (0-4)[, <instance>]',
  '"qcli_en", (0,1)',
  '"psk", (0,1)',
  '"apn", <apn_name>',
  '"endpoint", (4,7), (4,7)',
  '"reset"',
  '"clean"',
].map((line) => `+QLWM2M: ${line}`);

/** By the guide's edition. */
const SELECT_FORM = { "1.1": '+QLWM2M: "select", (0-5)', "1.0": '+QLWM2M: "select", (0-3)' } as const;

const rows: readonly CommandDefinition[] = [...qlwm2mServer, ...qlwm2mFiles, ...qlwm2mSession];

export const qlwm2m = defineCommand({
  name: "+QLWM2M",
  title: "Configure and run the LwM2M Client",
  spec: "BG96 LwM2M User Guide V1.1 §4.1",
  errors: "client",
  test: ({ spelling: { edition } }) => [SELECT_FORM[edition], ...TEST_FORM],
  subcommands: Object.fromEntries(rows.map((row) => [row.name, row])),
});
