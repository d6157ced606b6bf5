/** Every AT command of the module, in one table. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { basicCommands } from "#at/commands/basic";
import { callCommands } from "#at/commands/calls";
import { cellCommands } from "#at/commands/cell";
import { clockCommands } from "#at/commands/clock";
import { fileCommands } from "#at/commands/files";
import { qfotadl } from "#at/commands/firmware";
import { gnssCommands } from "#at/commands/gnss";
import { identificationCommands } from "#at/commands/identification";
import { qindcfg } from "#at/commands/indications";
import { packetDomainCommands } from "#at/commands/packet-domain";
import { portCommands } from "#at/commands/port";
import { powerCommands } from "#at/commands/power";
import { powerSavingCommands } from "#at/commands/power-saving";
import { qcfg, qcfgext } from "#at/commands/qcfg";
import { qlwm2m } from "#at/commands/qlwm2m";
import { registrationCommands } from "#at/commands/registration";
import { simCommands } from "#at/commands/sim";
import { smsCommands } from "#at/commands/sms";
import { tcpipCommands } from "#at/commands/tcpip";

/** @param extra rows added to the module's own. */
export function commandTable(extra: readonly CommandDefinition[] = []): readonly CommandDefinition[] {
  const clac = defineCommand({
    name: "+CLAC",
    title: "List all commands",
    spec: "3GPP TS 27.007 §8.37",
    execute: () => commands.map(({ name }) => name),
  });
  const commands: readonly CommandDefinition[] = [
    ...basicCommands,
    ...identificationCommands,
    ...portCommands,
    ...simCommands,
    ...registrationCommands,
    ...cellCommands,
    ...packetDomainCommands,
    ...tcpipCommands,
    ...callCommands,
    ...smsCommands,
    ...gnssCommands,
    ...powerCommands,
    ...powerSavingCommands,
    ...clockCommands,
    ...fileCommands,
    qindcfg,
    qcfg,
    qcfgext,
    qlwm2m,
    qfotadl,
    clac,
    ...extra,
  ];
  return commands;
}
