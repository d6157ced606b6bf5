/** The boot flow's part of an update: UPDATING, then RESTORE, told step by step, in the time of the boot profile. */
import { takeFault } from "#firmware/faults";
import type { Modem } from "#modem/modem";
import type { Power } from "#modem/power";
import type { FotaReport } from "#modem/state";
import type { Cancel, Clock } from "#runtime";

export interface FlashingOptions {
  readonly clock: Clock;
  readonly modem: Modem;
  readonly power: Power;
  report(report: FotaReport): void;
  /** From here on a loss of power does no harm: RESTORE begins again at the next boot. */
  onFlashed(): void;
  onEnd(outcome: "applied" | "failed"): void;
}

export interface Flashing {
  begin(): void;
  /** Goes on after a loss of power in RESTORE. */
  resume(): void;
  stop(): void;
}

/** Percentages told of each. */
const PERCENTS = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100] as const;
const STEP_MS = { instant: 0, fast: 20, realistic: 2000 } as const;

export function createFlashing(options: FlashingOptions): Flashing {
  const { clock, modem, power, report } = options;
  let pending: Cancel | undefined;

  /** Tells the percentages one after the other. @param isStruck whether a fault ends it at this one */
  const count = (step: "UPDATING" | "RESTORE", isStruck: (percent: number) => boolean, done: () => void, index = 0) => {
    pending = clock.after(STEP_MS[power.profile], () => {
      const percent = PERCENTS[index];
      if (percent === undefined) return done();
      if (isStruck(percent)) return;
      report({ step, percent });
      count(step, isStruck, done, index + 1);
    });
  };

  const isFlashingStruck = (percent: number) => {
    const fault = takeFault(modem, (due) => percent >= due, ["update", "powerInUpdating"]);
    if (fault === "update") options.onEnd("failed");
    if (fault === "powerInUpdating") power.brownOut();
    return fault !== undefined;
  };

  const isRestoringStruck = (percent: number) => {
    const fault = takeFault(modem, (due) => percent >= due, ["powerInRestore"]);
    if (fault !== undefined) power.brownOut();
    return fault !== undefined;
  };

  const restore = () => count("RESTORE", isRestoringStruck, () => options.onEnd("applied"));

  return {
    begin: () =>
      count("UPDATING", isFlashingStruck, () => {
        options.onFlashed();
        restore();
      }),
    resume: restore,
    stop: () => pending?.(),
  };
}
