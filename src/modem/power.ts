/** Power-on, restart, power-off and the functionality level, in the order and timing of the module. */
import type { Modem } from "#modem/modem";
import type { Clock } from "#runtime";

/** instant: all at once; fast: the whole order in under 1 s; realistic: the module's own timing. */
export type BootProfile = "instant" | "fast" | "realistic";

export interface Power {
  readonly profile: BootProfile;
  on(): void;
  /** Power loss and boot again; `AT+CFUN=1,1`, /3/0/4. Everything volatile is lost. */
  restart(): void;
  /** `AT+QPOWD`: an orderly end; `POWERED DOWN` follows, then silence until on(). */
  off(): void;
  setFunctionality(level: 0 | 1 | 4): void;
  /** Called before power goes in restart() and off(), so that the Client can de-register; what it returns is waited for, at most 5 s. */
  onGoingDown(task: () => Promise<void>): void;
  /** Ends every running timer. */
  close(): void;
}

export interface PowerOptions {
  readonly modem: Modem;
  readonly clock: Clock;
  readonly profile: BootProfile;
}
