/** Ending in order: by signal, by a fault, or by itself. */
import type { EventEmitter } from "node:events";
import type { Clock, Log } from "#runtime";

export interface Running {
  /** Ends in order. */
  close(): Promise<void>;
  /** Ends at once. */
  kill(): void;
  /** Resolves with an exit code if it ends by itself. */
  readonly done?: Promise<number>;
}

/** Where signals and faults come from: the process, or a test's emitter. */
export type Signals = Pick<EventEmitter, "on" | "off">;

export const SIGNALS = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 } as const;
/** npm and the terminal both deliver one Ctrl-C; what comes within this of the first is the same one. */
const SAME_SIGNAL_MS = 1000;

/**
 * Opens something and keeps it until a signal, a fault or its own end; then closes it in order.
 * A second signal more than 1 s after the first ends it at once.
 * @param watch calls back when the process should end for another reason (its parent is gone).
 * @returns the exit code: 0, 1 after a fault, 128 + signal when forced.
 */
export async function runToTheEnd(
  open: () => Promise<Running>,
  { clock, log, signals, watch }: { clock: Clock; log: Log; signals: Signals; watch?: (end: () => void) => () => void },
): Promise<number> {
  let firstAtMs: number | undefined;
  let told: (code: number) => void;
  let force: (code: number) => void;
  const end = new Promise<number>((resolve) => {
    told = resolve;
  });
  const forced = new Promise<number>((resolve) => {
    force = resolve;
  });

  const onSignal = (name: keyof typeof SIGNALS) => () => {
    const nowMs = clock.monotonic();
    if (firstAtMs === undefined) {
      firstAtMs = nowMs;
      log.info({ signal: name }, "ending");
      told(0);
    } else if (nowMs - firstAtMs > SAME_SIGNAL_MS) {
      log.warn({ signal: name }, "ending at once");
      force(128 + SIGNALS[name]);
    }
  };
  const onFault = (error: unknown) => {
    log.error({ err: error }, "fault, ending");
    told(1);
  };
  const handlers: Array<[string, (error: unknown) => void]> = [
    ...(Object.keys(SIGNALS) as Array<keyof typeof SIGNALS>).map((name): [string, () => void] => [
      name,
      onSignal(name),
    ]),
    ["uncaughtException", onFault],
    ["unhandledRejection", onFault],
  ];
  for (const [name, handler] of handlers) signals.on(name, handler);
  const unwatch = watch?.(() => {
    log.info({}, "the parent process is gone, ending");
    told(0);
  });

  let running: Running | undefined;
  const opening = open().then((opened) => {
    running = opened;
    return opened;
  });
  try {
    const opened = await Promise.race([opening, forced]);
    if (typeof opened === "number") return opened;
    const code = await Promise.race([end, ...(opened.done ? [opened.done] : [])]);
    const closed = opened.close().then(() => {
      running = undefined;
      return code;
    });
    return await Promise.race([closed, forced]);
  } finally {
    running?.kill(); // forced, or close() failed
    unwatch?.();
    for (const [name, handler] of handlers) signals.off(name, handler);
  }
}
