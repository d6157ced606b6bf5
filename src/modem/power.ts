/** Power-on, restart, power-off and the functionality level, in the order and timing of the module. */
import type { Modem } from "#modem/modem";
import { detached, withoutService } from "#modem/pdp-contexts";
import type { ModemState } from "#modem/state";
import { noTraffic } from "#modem/traffic-meter";
import type { Cancel, Clock, Log } from "#runtime";

/** instant: all at once; fast: the whole order in under 1 s; realistic: the module's own timing. */
export type BootProfile = "instant" | "fast" | "realistic";

export interface Power {
  readonly profile: BootProfile;
  on(): void;
  /** An orderly restart: `AT+CFUN=1,1`, /3/0/4. The final result code of the command still gets out; everything volatile is lost. */
  restart(): void;
  /** `AT+QPOWD`: an orderly end; `POWERED DOWN` follows, then silence until on(). */
  off(): void;
  /** `AT+QPOWD=0`: the same without a word to anybody but the host. */
  offAtOnce(): void;
  /** Power loss, at once: nothing is said to anybody; silence until on(). */
  cut(): void;
  /** Power loss, and power again as soon as nothing of the module runs any more. */
  brownOut(): void;
  /** Power saving mode: `PSM POWER DOWN`, then silence until on(); the network keeps the module. */
  sleep(): void;
  setFunctionality(level: 0 | 1 | 4): void;
  /** Called before power goes in restart() and off(), so that the Client can de-register; what it returns is waited for, at most 5 s. */
  onGoingDown(task: () => Promise<void>): void;
  /** Runs `flow` at the start of each boot, before anything is said; the boot goes on when it calls `proceed`. */
  onBoot(flow: (proceed: () => void) => void): void;
  /** Ends every running timer. */
  close(): void;
}

export interface PowerOptions {
  readonly modem: Modem;
  readonly clock: Clock;
  readonly log: Log;
  readonly profile: BootProfile;
}

/** Milliseconds between the stages of a boot; the intervals of `realistic` follow a log of a real module. */
interface BootTiming {
  readonly ready: number;
  readonly functionality: number;
  readonly appReady: number;
  readonly sim: number;
  readonly smsDone: number;
  /** Time for the final result code, or the answer to a server's Execute, to arrive before anything else happens. */
  readonly lastWords: number;
}

const TIMING: Readonly<Record<BootProfile, BootTiming>> = {
  instant: { ready: 0, functionality: 0, appReady: 0, sim: 0, smsDone: 0, lastWords: 250 },
  fast: { ready: 100, functionality: 30, appReady: 100, sim: 60, smsDone: 120, lastWords: 250 },
  realistic: { ready: 4900, functionality: 100, appReady: 1000, sim: 300, smsDone: 1500, lastWords: 250 },
};

/** How long the orderly ends wait for the Client. */
const GOING_DOWN_LIMIT_MS = 5000;

/** What is left of the state when power goes: non-volatile memory, the SIM card, the network around it. */
function volatileLost(state: ModemState, sleeping: boolean): Partial<ModemState> {
  // asleep, it keeps its addresses
  const { network, ...calls } = sleeping ? withoutService(state, "ME") : detached(state, "ME");
  return {
    functionality: 1,
    sim: { ...state.sim, status: state.sim.card === "NOT INSERTED" ? "NOT INSERTED" : "NOT READY" },
    registration: { eps: 0 },
    ...calls,
    network: { ...network, untilRestart: {}, attachWanted: sleeping ? network.attachWanted : undefined },
    traffic: noTraffic,
    linkUtilisationPercent: 0,
    networkReport: undefined,
    geofences: {},
    lineRate: undefined,
    gnssSession: state.settings["qgpscfg/autogps"] === "1" ? { untilMs: Number.POSITIVE_INFINITY } : undefined,
    time: { ...state.time, synchronised: false },
    lwm2m: { phase: undefined, observation: undefined, downlink: undefined },
  };
}

export function createPower({ modem, clock, log, profile }: PowerOptions): Power {
  const timing = TIMING[profile];
  const goingDown: Array<() => Promise<void>> = [];
  const timers = new Set<Cancel>();
  let bootFlow = (proceed: () => void) => proceed();
  /** The orderly end under way; a cut of the power, or another, makes it void. */
  let descent: object | undefined;
  /** The latest initialisation of the SIM; minimum functionality, or a later one, makes it void. */
  let simStart: object | undefined;

  const stopTimers = () => {
    for (const cancel of timers) cancel();
    timers.clear();
  };
  const after = (delayMs: number, task: () => void) => {
    if (delayMs === 0) return task();
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel);
      task();
    });
    timers.add(cancel);
  };
  const setPower = (change: Partial<ModemState["power"]>) =>
    modem.update((state) => ({ power: { ...state.power, ...change } }));

  const startSim = () => {
    const mine = {};
    simStart = mine;
    const isVoid = () => simStart !== mine || modem.state.functionality === 0;
    after(timing.sim, () => {
      if (isVoid()) return;
      modem.update(({ sim }) => ({ sim: { ...sim, status: sim.card, starts: sim.starts + 1 } }));
    });
  };
  /** Once the card is READY: at once, or when its PIN has been entered. */
  const readMessages = () => {
    const mine = simStart;
    after(timing.smsDone, () => {
      if (simStart === mine && modem.state.sim.status === "READY") setPower({ smsDone: true });
    });
  };

  const down = (sleeping = false) => {
    descent = undefined;
    stopTimers();
    modem.update((state) => ({
      ...volatileLost(state, sleeping),
      power: {
        ...state.power,
        phase: "off",
        ready: false,
        appReady: false,
        smsDone: false,
        poweredDown: false,
        sleeping,
      },
    }));
  };

  const on = () => {
    if (modem.state.power.phase !== "off") return;
    const boots = modem.state.power.boots + 1;
    setPower({ phase: "booting", boots, sleeping: false });
    bootFlow(() => {
      if (modem.state.power.boots !== boots || modem.state.power.phase !== "booting") return;
      after(timing.ready, () => {
        setPower({ phase: "running" });
        after(timing.functionality, () => {
          setPower({ ready: true });
          after(timing.appReady, () => {
            setPower({ appReady: true });
            startSim();
          });
        });
      });
    });
  };

  /** Runs the going-down tasks, then `then`, at the latest after the limit. */
  const goDown = (then: () => void, tasksOf = goingDown) => {
    if (modem.state.power.phase !== "running" || descent) return;
    const mine = {};
    descent = mine;
    stopTimers();
    after(timing.lastWords, () => {
      const finish = () => {
        if (descent === mine) then();
      };
      const limit = clock.after(GOING_DOWN_LIMIT_MS, finish);
      timers.add(limit);
      const tasks = tasksOf.map((task) =>
        task().catch((err) => log.warn({ err }, "a task failed while the module went down")),
      );
      if (tasks.length === 0) return finish();
      void Promise.all(tasks).then(() => {
        limit();
        timers.delete(limit);
        finish();
      });
    });
  };

  const powerDown = () => {
    setPower({ poweredDown: true });
    after(timing.lastWords, down);
  };

  modem.onChange((now, before) => {
    if (now.sim.status === "READY" && before.sim.status !== "READY" && now.power.phase === "running") readMessages();
  });
  modem.onChange((now, before) => {
    if (now.sim.card === before.sim.card || now.power.phase !== "running") return;
    if (now.sim.card === "NOT INSERTED") {
      simStart = undefined;
      setPower({ smsDone: false });
    } else if (before.sim.card === "NOT INSERTED" && now.functionality !== 0) startSim();
  });

  return {
    profile,
    on,
    restart() {
      if (modem.state.power.phase === "off" && modem.state.power.sleeping) return on();
      goDown(() => {
        down();
        on();
      });
    },
    off() {
      if (modem.state.power.sleeping) down();
      else goDown(powerDown);
    },
    offAtOnce() {
      goDown(powerDown, []);
    },
    cut() {
      down();
    },
    brownOut() {
      down();
      timers.add(clock.after(0, on));
    },
    sleep() {
      if (modem.state.power.phase !== "running" || descent) return;
      descent = {};
      stopTimers();
      setPower({ sleeping: true });
      after(timing.lastWords, () => down(true));
    },
    setFunctionality(level) {
      const before = modem.state.functionality;
      if (before === level) return;
      modem.update((state) => ({
        functionality: level,
        ...(level !== 1 && { network: { ...state.network, attachWanted: undefined } }),
        ...(level === 0 &&
          state.sim.card !== "NOT INSERTED" && { sim: { ...state.sim, status: "NOT READY" as const } }),
        ...(level === 0 && { power: { ...state.power, smsDone: false } }),
      }));
      if (before === 0) startSim();
    },
    onBoot(flow) {
      bootFlow = flow;
    },
    onGoingDown: (task) => void goingDown.push(task),
    close: stopTimers,
  };
}
