/** Dialling, and what would need a data call: the module offers no PPP. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer, string } from "#at/parameter";
import { CommandError } from "#at/result";

const dial = defineCommand({
  name: "D",
  title: "Dial: *99***<cid># for packet data; no call is ever connected",
  spec: "ITU-T V.250 §6.3.1, 3GPP TS 27.007 §10.2.1",
  parameters: [{ ...string("dial_string", { min: 1, max: 80, bare: true, pattern: /^[\d*#+,WTP!@ABCDGI;>"\s]+$/i }), rest: true }],
  write(_, { dial_string }) {
    throw new CommandError(`no call to ${dial_string}`, "NO CARRIER");
  },
});

const online = defineCommand({
  name: "O",
  title: "Back to the data of a call: there is none",
  spec: "ITU-T V.250 §6.3.7",
  parameters: [integer("value", [0])],
  write() {
    throw new CommandError("no call", "NO CARRIER");
  },
  execute() {
    throw new CommandError("no call", "NO CARRIER");
  },
});

const ceer = defineCommand({
  name: "+CEER",
  title: "Cause of the latest failure",
  spec: "3GPP TS 27.007 §6.10",
  execute({ modem: { state } }) {
    const isDenied = state.registration.eps === 3;
    return [`+CEER: ${isDenied ? `Network registration denied, EMM cause ${state.network.rejectCause}` : "No cause information available"}`];
  },
});

const cpas = defineCommand({
  name: "+CPAS",
  title: "Activity: 0 ready",
  spec: "3GPP TS 27.007 §8.1",
  test: () => ["+CPAS: (0,3,4)"],
  execute: () => ["+CPAS: 0"],
});

/** ModemManager asks whether there is one; the bootloader itself is not simulated. */
const qfastboot = defineCommand({
  name: "+QFASTBOOT",
  title: "Bootloader: may be asked for, not entered",
  spec: "BG96 AT Commands Manual",
});

export const callCommands: readonly CommandDefinition[] = [dial, online, ceer, cpas, qfastboot];
