/** One terminal on a simulated module under the manual clock: bytes typed in, bytes printed out. */

import { type CommandDefinition, defineCommand } from "#at/command";
import { commandTable } from "#at/commands";
import type { Host } from "#at/host";
import { createModuleFiles, type ModuleFiles } from "#at/memory/module-files";
import { createTerminal, type Terminal } from "#at/terminal/interpreter";
import type { UserRules } from "#at/terminal/user-rules";
import type { Spelling } from "#config/spelling";
import type { Efs } from "#efs/efs";
import type { Dfota } from "#firmware/dfota";
import type { Client } from "#lwm2m/client";
import type { Settings } from "#lwm2m/settings";
import { createInitialState, type Hardware } from "#modem/initial-state";
import { createModem, type Modem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { type BootProfile, createPower, type Power } from "#modem/power";
import { createMessageCentre } from "#modem/sms/message-centre";
import type { ModemState } from "#modem/state";
import { type Log, silentLog } from "#runtime";
import { hardware } from "./hardware.ts";
import { createManualClock, createSeededRandom, type ManualClock } from "./manual-clock.ts";

export interface AtTerminalOptions {
  readonly boot?: BootProfile;
  /** Leave the module switched off; default it is on and ready, and its boot lines are taken. */
  readonly off?: boolean;
  readonly change?: (state: ModemState) => Partial<ModemState>;
  readonly host?: Partial<Host>;
  readonly commands?: readonly CommandDefinition[];
  readonly spelling?: Partial<Spelling>;
  readonly rules?: UserRules;
  readonly log?: Log;
}

export interface AtTerminal {
  readonly clock: ManualClock;
  readonly modem: Modem;
  readonly power: Power;
  readonly host: Host;
  readonly terminal: Terminal;
  /** Sends characters (latin1), lets promises settle, and returns what was printed since the last call. */
  type(text: string): Promise<string>;
  /** The same one byte at a time, `gapMs` apart. */
  typeSlowly(text: string, gapMs?: number): Promise<string>;
  /** Moves the clock and returns what was printed since the last call. */
  wait(ms: number): Promise<string>;
  /** What was printed since the last call. */
  take(): string;
  update: Modem["update"];
}

/** As the guide's transcripts have it. */
const module: Hardware = {
  ...hardware,
  identity: { imei: "866425030000015", revision: "BG96MAR02A07M1G", applicationRevision: "01.018.01.018" },
  sim: { present: true, pin: undefined, iccid: "89820612345678901234", imsi: "450061234567890", msisdn: "01212345678" },
  network: {
    apns: undefined,
    defaultApn: "internet",
    rejectCause: 0,
    searchS: undefined,
    activationS: 0,
    roaming: false,
    coverage: true,
    mcc: "450",
    mnc: "06",
    operatorLong: "LG U+",
    operatorShort: "LGU+",
    technology: "CAT-M1",
    rssiDbm: -73,
    rsrpDbm: -98,
    rsrqDb: -11,
    sinrDb: 12,
  },
  battery: { percent: 87, millivolts: 3900 },
  firmware: { fault: "none", faultPercent: 50 },
};

/** A part of the host that a test did not give. */
function absent<T extends object>(name: string): T {
  return new Proxy({} as T, {
    get(_, key) {
      throw new Error(`${name}.${String(key)}: not given by this test`);
    },
  });
}

/** AT+SLOW, whose answer the test gives when it likes. */
export function createSlowCommand() {
  let give: (lines: readonly string[]) => void = () => {};
  const command = defineCommand({
    name: "+SLOW",
    title: "Waits",
    spec: "test",
    execute: () =>
      new Promise<readonly string[]>((resolve) => {
        give = resolve;
      }),
  });
  return { command, settle: (lines: readonly string[] = []) => give(lines) };
}

export async function openAtTerminal(options: AtTerminalOptions = {}): Promise<AtTerminal> {
  const clock = createManualClock();
  const log = options.log ?? silentLog;
  const initial = createInitialState(module);
  const modem = createModem({ ...initial, ...options.change?.(initial) });
  const profile = options.boot ?? "instant";
  const power = createPower({ modem, clock, log, profile });
  createNetwork({ modem, clock, log, profile });
  createMessageCentre({ modem, clock });
  const host: Host = {
    runtime: { clock, random: createSeededRandom(96), log },
    modem,
    power,
    efs: absent<Efs>("efs"),
    files: options.host?.efs ? createModuleFiles(options.host.efs, modem) : absent<ModuleFiles>("files"),
    dfota: absent<Dfota>("dfota"),
    client: absent<Client>("client"),
    lwm2m: { downlinkFormat: 0 } as Settings,
    ...options.host,
  };
  let printed = "";
  const terminal = createTerminal({
    host,
    commands: options.commands ?? commandTable(),
    output: (bytes) => {
      printed += bytes.toString("latin1");
    },
    ...(options.spelling && { spelling: options.spelling }),
    ...(options.rules && { rules: options.rules }),
  });
  const take = () => {
    const text = printed;
    printed = "";
    return text;
  };
  if (!options.off) {
    power.on();
    await clock.advance(10_000);
    take();
  }
  return {
    clock,
    modem,
    power,
    host,
    terminal,
    take,
    update: (change) => modem.update(change),
    async type(text) {
      terminal.receive(Buffer.from(text, "latin1"));
      await clock.settle();
      return take();
    },
    async typeSlowly(text, gapMs = 1) {
      for (const byte of Buffer.from(text, "latin1")) {
        terminal.receive(Buffer.of(byte));
        await clock.advance(gapMs);
      }
      return take();
    },
    async wait(ms) {
      await clock.advance(ms);
      return take();
    },
  };
}
