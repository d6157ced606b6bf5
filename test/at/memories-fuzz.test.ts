/** Short messages, phonebooks, card and geofences in a storm of values that fit, nearly fit or do not. */
import { expect, it } from "vitest";
import { keepMemories, readMemories } from "#at/memory/kept-memories";
import { KNOBS, KnobError, turnKnob } from "#control/knobs";
import { openEfs } from "#efs/efs";
import { createGnss } from "#modem/gnss";
import { type Log, silentLog } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { openAtTerminal } from "../support/at-terminal.ts";
import { createSeededRandom } from "../support/manual-clock.ts";

const ROUNDS = Number(process.env.BG96_FUZZ_LINES ?? 3000);
const random = createSeededRandom(Number(process.env.BG96_FUZZ_SEED ?? 0x23040));
const below = (bound: number) => Math.floor(random.fraction() * bound);
const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
const hex = (bytes: number) => random.bytes(bytes).toString("hex").toUpperCase();
const octet = (value: number) => value.toString(16).padStart(2, "0");
const several = (most: number, make: () => string) => Array.from({ length: below(most) }, make).join(",");

const number = () =>
  pick(["0", "1", "2", "7", "255", "256", "-1", "", "999999999999", "65535", String(below(300)), "1e5"]);
const degrees = () =>
  pick(["0", "-0.0", "90", "-90", "180.0", "90.1", "0.0000001", "9999999.0", `${below(180) - 90}.${below(1e6)}`]);
const text = () =>
  pick(["", "abc", "\x80\xff", "0041", "D83D", "D83DDE00", hex(below(20)), "x".repeat(below(400)), "%s", "\\22"]);
const party = () =>
  pick(["+15755127091", "15755127091", "01212345678", "+4917", "*#", "+", "0".repeat(20), "9".repeat(41)]);

const address = () => {
  const digits = pick(["1012325476F8", "5157157290F1", "F1", ""]);
  return `${octet(below(8) ? Math.max(0, digits.length - 1) : below(256))}${pick(["81", "91", "D0", hex(1)])}${digits}`;
};
const userData = (dcs: number) => {
  const length = below(170);
  const size = ((dcs >> 2) & 3) % 3 === 0 ? Math.ceil((length * 7) / 8) : length;
  return octet(length) + hex(Math.max(0, size - (below(8) ? 0 : below(4))));
};
const pdu = (toModule: boolean) => {
  if (below(20) === 0) return hex(below(60));
  const centre = pick(["00", "0791449737019037", "0191", "0B91", hex(1 + below(12))]);
  const fo = below(128);
  const dcs = pick([0, 4, 8, 0x10, 0x11, 0x12, 0xf0, 0xf5, 0xe0, 0x2c, below(256)]);
  const report = octet((fo & ~3) | 2) + hex(1) + address() + hex(15) + hex(below(3) ? 0 : below(400));
  const deliver = octet(fo & ~3) + address() + hex(1) + octet(dcs) + hex(7) + userData(dcs);
  const validity = hex([0, 7, 1, 7][(fo >> 3) & 3]!);
  const submit = octet((fo & ~3) | 1) + hex(1) + address() + hex(1) + octet(dcs) + validity + userData(dcs);
  return centre + (toModule ? pick([deliver, report]) : submit);
};
const lengthOf = (typed: string) => typed.length / 2 - 1 - Number.parseInt(typed.slice(0, 2) || "0", 16);
const apdu = () =>
  pick(["00A4", "80F2", "0020", "00B0", "00B2", "00C0", "00D6", "00DC", "0070", hex(2)]) +
  pick(["0004", "0400", "0800", "040C", "0001", hex(2)]) +
  pick([
    "023F00",
    "027FFF",
    "026F07",
    "047FFF6F7B",
    "00",
    "07A0000000871002",
    `08${hex(8)}`,
    `0C${hex(12)}`,
    hex(below(20)),
  ]);

/** What the host types: a line, and what follows it at a prompt. */
const ORDERS: ReadonlyArray<() => readonly string[]> = [
  () => {
    const typed = pdu(false);
    return [`AT+CMGF=0;+CMGS=${below(9) ? lengthOf(typed) : number()}\r`, `${typed}\x1a`, "\x1b"];
  },
  () => {
    const typed = pdu(below(2) === 0);
    return [`AT+CMGF=0;+CMGW=${lengthOf(typed)},${below(4)}\r`, `${typed}\x1a`, "\x1b"];
  },
  () => [`AT+CMGF=1;+CMGS="${party()}"${pick(["", ",145", `,${number()}`])}\r`, `${text()}\x1a`, "\x1b"],
  () => [`AT+CMGF=1;+CMGW="${party()}"\r`, `${text()}\x1a`, "\x1b"],
  () => [`AT+CMSS=${below(30)}${pick(["", `,"${party()}"`])}\r`],
  () => [`AT+CMGR=${below(40)}\r`],
  () => [`AT+CMGF=${below(2)};+CMGL${pick(["", "=4", '="ALL"'])}\r`],
  () => [`AT+CMGD=${below(40)},${below(6)}\r`],
  () => [
    `AT+CSMP=${below(128)},${pick(["167", '"26/11/21,17:40:00+04"', '"99/99/99,99:99:99+99"'])},${number()},${below(256)}\r`,
  ],
  () => [`AT+CSCS="${pick(["GSM", "IRA", "UCS2"])}"\r`],
  () => [`AT+CSCA="${pick([party(), text()])}",${pick(["129", "145", "208"])}\r`],
  () => [`AT+CPMS="${pick(["SM", "ME"])}","${pick(["SM", "ME"])}","${pick(["SM", "ME"])}"\r`],
  () => [`AT+CSMS=${below(2)};+CNMI=${pick([0, 1, 2, 2, 2])},${below(4)},0,${pick([0, 1, 2, 2])},${below(2)}\r`],
  () => [`AT+CNMA\r`],
  () => [`AT+CPBS="${pick(["SM", "ME", "ON", "LD"])}"\r`],
  () => [
    `AT+CPBW=${pick(["", String(below(110))])},"${party()}",${pick(["129", "", number()])},"${text().slice(0, 60)}"\r`,
  ],
  () => [`AT+CPBR=1,${below(110)};+CPBF="${text().slice(0, 4)}"\r`],
  () => {
    const command = apdu();
    return [`AT+CSIM=${below(9) ? command.length : number()},"${command}"\r`];
  },
  () => [
    `AT+CRSM=${pick([176, 178, 192, 214, 220, 242])},${pick([28423, 28539, 28480, 12258, 12032])},${several(4, number)}\r`,
  ],
  () => [`AT+QCFGEXT="addgeo",${below(10)},${below(4)},${below(4)},${several(10, degrees)}\r`],
  () => [`AT+QCFGEXT="${pick(["querygeo", "deletegeo", "addgeo"])}",${below(12)}\r`],
  () => [pick(["AT+QGPS=1\r", "AT+QGPS=1\r", "AT+QGPSLOC=2\r", 'AT+QGPSCFG="nmeasrc",1;+QGPSGNMEA="GGA"\r'])],
];
const MESSAGES = [
  () => `${party()}: ${text()}`,
  () => `${party()}: ${"\u{1f600}".repeat(below(900))}`,
  () => `pdu:${pdu(true)}`,
  () => "x".repeat(below(100_000)),
  () => "none",
];
const VALUES = [0, 1, -1, "", true, null, {}, Number.NaN, 1e308, "none", "GSM"];
const POSITIONS = ["1,2,1e308", "1,2,0,0,1e308", "1,2,0,0,0,1e308", "89.9,179.99", "-90,180,-1,0,1,359.9", "none"];

it("they fail in nothing, print no number that is none, and what is kept is found again", {
  timeout: 60_000 + ROUNDS * 10,
}, async () => {
  const faults: object[] = [];
  const log: Log = { ...silentLog, error: (fields) => void faults.push(fields) };
  const { type, wait, modem, clock } = await openAtTerminal({ log });
  createGnss({ modem, clock, limits: () => ({ gpsMinIntervalMs: 1000, gpsMinDistanceM: 0 }) });
  const turn = (path: string, value: unknown) => {
    try {
      turnKnob(modem, path, value);
    } catch (error) {
      expect(error).toBeInstanceOf(KnobError);
    }
  };
  const efs = openEfs(temporaryDirectory());
  keepMemories(efs, modem, log);
  let succeeded = 0;
  const checkKept = () => {
    const { sms, phonebooks } = readMemories(efs, modem.state, log);
    expect(sms.stores).toEqual(modem.state.sms.stores);
    expect(phonebooks).toEqual(modem.state.phonebooks);
    expect(faults).toEqual([]);
  };
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 100 === 0) {
      checkKept();
      const { sim } = modem.state;
      // a PIN tried too often
      modem.update({ sim: { ...sim, card: "READY", status: "READY", pinTriesLeft: 3 } });
      turn("network.coverage", true);
      turn("network.rejectCause", 0);
      await wait(20_000);
      await type("ATE0\r");
    }
    for (const typed of pick(ORDERS)()) {
      const said = await type(typed);
      expect(said).not.toMatch(/NaN|undefined|Infinity|\[object/);
      if (said.endsWith("OK\r\n")) succeeded++;
    }
    if (below(8) === 0) turn("sms", pick(MESSAGES)());
    if (below(20) === 0) turn(pick(Object.keys(KNOBS)), pick(VALUES));
    if (below(20) === 0) turn("fix", pick(POSITIONS));
    if (below(10) === 0) await wait(pick([10, 1000, 100_000]));
  }
  checkKept();
  expect(succeeded).toBeGreaterThan(ROUNDS / 5);
});
