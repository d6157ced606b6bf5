/** What the operator of a running modem can ask of it; the control socket carries these requests and answers. */
import type { Bg96 } from "#bg96";
import type { KnobValue } from "#control/knob";
import { KnobError, knobsChange, knobValues, type Turn } from "#control/knobs";
import type { ServerStatus } from "#lwm2m/client";
import type { ModemState, PowerPhase } from "#modem/state";
import type { Clock } from "#runtime";

export interface LastEvent {
  readonly event: number;
  readonly name: string;
  /** Wall clock ms. */
  readonly atMs: number;
}

export interface OperatorStatus {
  readonly pid: number;
  readonly tty: string;
  readonly endpoint: string;
  readonly power: PowerPhase | "asleep";
  readonly network: NetworkStatus;
  /** Whether every configured Server has the modem registered. */
  readonly registered: boolean;
  /** The latest +QLWEVENT since power-on; undefined = none yet. */
  readonly lastEvent: LastEvent | undefined;
  readonly servers: readonly ServerStatus[];
  /** Wall clock ms of the earliest planned Update. */
  readonly nextUpdateAtMs: number | undefined;
}

export type NetworkStatus = "off" | "home" | "roaming" | "no coverage" | "searching" | "denied" | "detached";

export type OperatorRequest =
  | { readonly do: "status" }
  /** How every knob stands. */
  | { readonly do: "get" }
  /** All of them at once, or none. `check`: only tells whether they would be taken. */
  | { readonly do: "set"; readonly settings: readonly Turn[]; readonly check?: boolean }
  /** restart and off are orderly, loss is not; on ends off and loss; brownout is a loss and power again. */
  | { readonly do: "power"; readonly how: PowerOrder };

export const POWER_ORDERS = ["restart", "off", "on", "loss", "brownout"] as const;
export type PowerOrder = (typeof POWER_ORDERS)[number];

export type OperatorAnswer =
  | { readonly ok: true; readonly status?: OperatorStatus; readonly values?: Readonly<Record<string, KnobValue>> }
  /** "what: why", one line each. */
  | { readonly ok: false; readonly error: string };

export interface Operator {
  readonly status: OperatorStatus;
  /** @param request as it came: anything. Never throws. */
  answer(request: unknown): OperatorAnswer;
  close(): void;
}

export function createOperator(bg96: Bg96, clock: Clock, pid: number): Operator {
  let lastEvent: LastEvent | undefined;
  const stopWatching = bg96.onEvent((event, name) => {
    lastEvent = { event, name, atMs: clock.now() };
  });
  const status = (): OperatorStatus => {
    const { endpoint, servers } = bg96.client;
    const updates = servers.flatMap(({ nextUpdateAtMs }) => (nextUpdateAtMs === undefined ? [] : [nextUpdateAtMs]));
    return {
      pid,
      tty: bg96.tty,
      endpoint,
      power: powerOf(bg96.modem.state),
      network: networkOf(bg96.modem.state),
      registered: servers.length > 0 && servers.every(({ location }) => location !== undefined),
      lastEvent,
      servers,
      nextUpdateAtMs: updates.length > 0 ? Math.min(...updates) : undefined,
    };
  };
  const orders: Readonly<Record<PowerOrder, () => void>> = {
    restart: () => bg96.power.restart(),
    off: () => bg96.power.off(),
    on: () => bg96.power.on(),
    loss: () => bg96.power.cut(),
    brownout: () => bg96.power.brownOut(),
  };

  return {
    get status() {
      return status();
    },
    answer(request) {
      try {
        if (typeof request !== "object" || request === null) throw new KnobError("request: not an object");
        const { do: what, ...rest } = request as Record<string, unknown>;
        switch (what) {
          case "status":
            return { ok: true, status: status() };
          case "get":
            return { ok: true, values: knobValues(bg96.modem) };
          case "set": {
            const change = knobsChange(bg96.modem.state, turnsOf(rest.settings));
            if (rest.check !== true) bg96.modem.update(change);
            return { ok: true };
          }
          case "power": {
            const how = POWER_ORDERS.find((order) => order === rest.how);
            if (!how) throw new KnobError(`how: takes ${POWER_ORDERS.join(", ")}`);
            orders[how]();
            return { ok: true };
          }
          default:
            throw new KnobError("do: takes status, get, set, power");
        }
      } catch (error) {
        if (error instanceof KnobError) return { ok: false, error: error.message };
        throw error;
      }
    },
    close: stopWatching,
  };
}

/** In power saving mode it is off, and comes by itself. */
function powerOf({ power }: ModemState): OperatorStatus["power"] {
  return power.phase === "off" && power.sleeping ? "asleep" : power.phase;
}

/** @throws KnobError */
function turnsOf(settings: unknown): readonly Turn[] {
  if (!Array.isArray(settings) || !settings.every(Array.isArray)) {
    throw new KnobError("settings: not a list of [name, value]");
  }
  return settings.map(([path, value]) => [String(path), value]);
}

/** "off" where the radio rests: no power, no SIM, AT+CFUN=0 or AT+COPS=2; "detached" by AT+CGATT=0 or the network. */
function networkOf({ registration, network }: ModemState): NetworkStatus {
  switch (registration.eps) {
    case 0:
      return network.attachWanted === false ? "detached" : "off";
    case 1:
      return "home";
    case 5:
      return "roaming";
    case 3:
      return "denied";
    default:
      return network.coverage ? "searching" : "no coverage";
  }
}
