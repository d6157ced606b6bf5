/** Every AT command of the module, in one table. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { basicCommands } from "#at/commands/basic";
import { callCommands } from "#at/commands/calls";
import { cardCommands } from "#at/commands/card";
import { cellCommands } from "#at/commands/cell";
import { clockCommands } from "#at/commands/clock";
import { fileCommands } from "#at/commands/files";
import { qfotadl } from "#at/commands/firmware";
import { gnssCommands } from "#at/commands/gnss";
import { identificationCommands } from "#at/commands/identification";
import { qindcfg } from "#at/commands/indications";
import { multiplexerCommands } from "#at/commands/multiplexer";
import { packetDomainCommands } from "#at/commands/packet-domain";
import { phonebookCommands } from "#at/commands/phonebook";
import { portCommands } from "#at/commands/port";
import { powerCommands } from "#at/commands/power";
import { powerSavingCommands } from "#at/commands/power-saving";
import { qcfg, qcfgext } from "#at/commands/qcfg";
import { qlwm2m } from "#at/commands/qlwm2m";
import { registrationCommands } from "#at/commands/registration";
import { simCommands } from "#at/commands/sim";
import { smsCommands } from "#at/commands/sms";
import { supplementaryCommands } from "#at/commands/supplementary";
import { tcpipCommands } from "#at/commands/tcpip";

/** What belongs together, for who reads the list. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandDefinition[];
}

const GROUPS: readonly CommandGroup[] = [
  { title: "The terminal", commands: basicCommands },
  { title: "Identification", commands: identificationCommands },
  { title: "The serial line", commands: portCommands },
  { title: "SIM card", commands: [...simCommands, ...cardCommands] },
  { title: "Registration, signal and cell", commands: [...registrationCommands, ...cellCommands] },
  { title: "Packet data", commands: packetDomainCommands },
  { title: "TCP/IP", commands: tcpipCommands },
  { title: "Calls and the multiplexer", commands: [...callCommands, ...multiplexerCommands, ...supplementaryCommands] },
  { title: "Messages and phonebook", commands: [...smsCommands, ...phonebookCommands] },
  { title: "GNSS", commands: gnssCommands },
  { title: "Power", commands: [...powerCommands, ...powerSavingCommands] },
  { title: "Clock", commands: clockCommands },
  { title: "Files", commands: fileCommands },
  { title: "Configuration", commands: [qindcfg, qcfg, qcfgext] },
  { title: "LwM2M", commands: [qlwm2m] },
  { title: "Firmware", commands: [qfotadl] },
];

/** The table with its headings. @param extra rows added to the module's own */
export function commandGroups(extra: readonly CommandDefinition[] = []): readonly CommandGroup[] {
  const clac = defineCommand({
    name: "+CLAC",
    title: "List all commands",
    spec: "3GPP TS 27.007 §8.37",
    execute: () => groups.flatMap(({ commands }) => commands.map(({ name }) => name)),
  });
  const groups: readonly CommandGroup[] = [...GROUPS, { title: "All of them", commands: [clac, ...extra] }];
  return groups;
}

export const commandTable = (extra?: readonly CommandDefinition[]): readonly CommandDefinition[] =>
  commandGroups(extra).flatMap(({ commands }) => commands);
