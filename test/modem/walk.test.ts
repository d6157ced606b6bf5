/** A whole module through orders of its host and changes around it in any order: its answers stay one state, and it comes back. */
import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../support/manual-clock.ts";
import { contradictions, openWalker, SERVER, type Walker } from "./walker.ts";

type Choose = <T>(from: readonly T[]) => T;

/** Which event of +QLWEVENT may follow which. */
const FOLLOWING: Readonly<Record<number, readonly number[]>> = {
  0: [0, 1, 3, 5],
  1: [0, 2],
  2: [0, 1],
  3: [4],
  4: [0, 1, 3, 5],
  5: [0, 1, 3],
};

/** Orders of the host; those of one row lead away from service and back, the way back being the likelier. */
const HOST: ReadonlyArray<readonly string[]> = [
  ["AT+CFUN=4", "AT+CFUN=0", "AT+CFUN=1", "AT+CFUN=1", "AT+CFUN=1"],
  ["AT+COPS=2", "AT+COPS=0", 'AT+COPS=1,2,"00101"', 'AT+COPS=1,2,"26201"', "AT+COPS=0"],
  ["AT+CGATT=0", "AT+CGATT=1", "AT+CGATT=1"],
  ['AT+CGDCONT=1,"IP","internet"', 'AT+CGDCONT=1,"IPV6","other"', "AT+CGDCONT=1", 'AT+QICSGP=2,1,"iot","","",0'],
  ["AT+QIACT=1", "AT+QIACT=2", "AT+QIDEACT=1", "AT+CGACT=1,2", "AT+CGACT=0"],
  ['AT+QCFG="gprsattach",0', 'AT+QCFG="gprsattach",1', 'AT+QCFG="gprsattach",1'],
  ['AT+QCFG="servicedomain",0', 'AT+QCFG="servicedomain",2', 'AT+QCFG="servicedomain",1'],
  ['AT+QCFG="nwscanmode",1,1', 'AT+QCFG="nwscanmode",3,1', 'AT+QCFG="nwscanmode",0,1', 'AT+QCFG="nwscanmode",0,0'],
  ['AT+QCFG="iotopmode",2', 'AT+QCFG="iotopmode",0'],
  ['AT+QCFG="roamservice",1', 'AT+QCFG="roamservice",255', 'AT+QCFG="roamservice",255'],
  ['AT+CPSMS=1,,,"10100100","00000001"', 'AT+CPSMS=1,,,"10100100","00000001"', "AT+CPSMS=0"],
  ['AT+QLWM2M="register"', 'AT+QLWM2M="register"', 'AT+QLWM2M="update",0', 'AT+QLWM2M="deregister"'],
  ["AT+CFUN=1,1", "AT+QPOWD=1", "AT+QPOWD=0"],
];

const AROUND: ReadonlyArray<(walker: Walker, choose: Choose) => void> = [
  ({ turn }, choose) => turn("network.coverage", choose([true, true, false])),
  ({ turn }, choose) => turn("network.rejectCause", choose([0, 0, 11])),
  ({ turn }, choose) => turn("network.roaming", choose([true, false])),
  ({ turn }, choose) => turn("network.apns", choose(["any", "any", "none", "internet,iot,carrierAPN1"])),
  ({ turn }, choose) => turn("network.searchS", choose([0, 5, "boot"])),
  ({ turn }, choose) => turn("network.activationS", choose([0, 3])),
  ({ turn }, choose) => turn("network.powerSaving", choose([true, false])),
  ({ turn }, choose) => turn("sim.inserted", choose([true, true, false])),
  ({ turn }, choose) => turn("radio.technology", choose(["CAT-M1", "CAT-NB1", "GSM"])),
  ({ turn }, choose) => turn("radio.rssiDbm", choose([-113, -91, -51])),
  (walker, choose) => orRefused(() => walker.turn("network.attached", choose([true, false]))),
  (walker, choose) => orRefused(() => walker.turn("network.pdpdeact", choose([1, 2, "carrierAPN1"]))),
  ({ server }, choose) => {
    server.isReached = choose([true, true, false]);
  },
  ({ server }, choose) => {
    server.refuses = choose([true, false, false]);
  },
  ({ power }) => power.on(),
  ({ power }) => power.restart(),
  ({ power }) => power.cut(),
];

function orRefused(turn: () => void): void {
  try {
    turn();
  } catch (error) {
    if ((error as Error).name !== "KnobError") throw error;
  }
}

const NORMAL: ReadonlyArray<readonly [string, unknown]> = [
  ["network.coverage", true],
  ["network.rejectCause", 0],
  ["network.roaming", false],
  ["network.apns", "any"],
  ["network.searchS", "boot"],
  ["network.activationS", 0],
  ["radio.technology", "CAT-M1"],
  ["sim.inserted", true],
];
const NORMAL_ORDERS = [
  "AT+CPSMS=0",
  'AT+QCFG="gprsattach",1;+QCFG="servicedomain",1;+QCFG="nwscanmode",0;+QCFG="iotopmode",2;+QCFG="roamservice",255',
  "AT+CFUN=1",
  "AT+COPS=0",
];

const sizeOf = (walker: Walker) => JSON.stringify(walker.modem.state).length;

describe("a module whose host and whose surroundings do anything", () => {
  it.each([1, 2, 3, 4])(
    "never contradicts itself, and is registered again once all is well (seed %i)",
    async (seed) => {
      const walker = await openWalker(seed);
      const { clock, modem, power, events } = walker;
      const random = createSeededRandom(seed);
      const choose: Choose = (from) => from[Math.floor(random.fraction() * from.length)]!;
      const steps: string[] = [];
      const check = async () => {
        if (!walker.isUp()) return;
        await walker.inform();
        await walker.wait(100); // until nothing is held back any more
        const found = await contradictions(walker);
        if (found.length > 0) throw new Error(`${found.join("\n")}\nafter\n${steps.slice(-12).join("\n")}`);
      };
      const comesBack = async () => {
        for (const [knob, value] of NORMAL) {
          walker.turn(knob, value);
          await clock.settle();
        }
        walker.server.isReached = true;
        walker.server.refuses = false;
        await walker.wait(20_000); // an end of before is through
        for (const line of NORMAL_ORDERS) {
          power.on();
          for (let waitedS = 0; !walker.isUp() && waitedS < 10; waitedS++) await walker.wait(1000);
          const answer = await walker.ask(line);
          if (answer?.at(-1) !== "OK") throw new Error(`${line}: ${answer}\nafter\n${steps.slice(-12).join("\n")}`);
        }
        await walker.wait(5000);
        if (!modem.state.network.attached) await walker.ask("AT+CGATT=1");
        await walker.ask('AT+QLWM2M="register"');
        await walker.wait(600_000);
        await check();
        const told = {
          phase: modem.state.lwm2m.phase,
          servers: walker.client.status.servers.map(({ state }) => state),
        };
        if (told.phase !== 5 || !/^(registered|asleep)$/.test(told.servers.join()))
          throw new Error(`${JSON.stringify(told)}\nafter\n${steps.slice(-30).join("\n")}`);
        if (told.servers[0] === "asleep") return;
        const { endpoint } = walker.servers.findLast(({ target }) => target.host === SERVER)!;
        const read = endpoint.request({ method: "GET", uriPath: ["4", "0", "4"] });
        await walker.wait(100);
        expect((await read).code).toBe("2.05");
      };
      await comesBack();
      const size = sizeOf(walker);
      for (let step = 1; step <= 400; step++) {
        if (modem.state.power.phase === "off" && random.fraction() < 0.5) power.on();
        if (random.fraction() < 0.4) {
          const change = choose(AROUND);
          steps.push(`${clock.monotonic()} ${change}`);
          change(walker, (from) => {
            const chosen = choose(from);
            steps.push(`  ${chosen}`);
            return chosen;
          });
        } else if (walker.isUp()) {
          const line = choose(choose(HOST));
          const answer = await walker.ask(line);
          steps.push(`${clock.monotonic()} ${line} ${answer?.join(" | ")}`);
        }
        await check();
        await walker.wait(choose([0, 10, 100, 300, 2000, 10_000, 60_000, 400_000]));
        await check();
        if (step % 25 === 0) await comesBack();
      }
      expect(sizeOf(walker)).toBeLessThan(size + 1000);
      expect(clock.pending()).toBeLessThan(10);
      const pairs = events.slice(1).map((event, at) => [events[at]!, event] as const);
      expect(pairs.filter(([one, other]) => !FOLLOWING[one]!.includes(other))).toEqual([]);
      walker.close();
      for (const { endpoint } of walker.servers) endpoint.close();
      await clock.advance(60_000); // the traffic of the last minute has been counted
      expect(clock.pending()).toBe(0);
    },
  );
});
