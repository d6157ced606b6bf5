/** Waiting for service and then for a data call, with the retries of lwm2m_cfg; the terminal hears nothing of it. */
import { type RetryPolicy, retryDelayMs } from "#lwm2m/retry";
import type { Modem } from "#modem/modem";
import type { Cancel, Clock, Log } from "#runtime";

export interface DataCallWait {
  readonly modem: Modem;
  readonly clock: Clock;
  readonly log: Log;
  /** RETRY_TIMEOUT, RETRY_EXPONENT_VAL, MAX_RETRY_TIMEOUT. */
  readonly retry: RetryPolicy;
  /** MAX_NO_RETRIES. */
  readonly retries: number;
  /** Whether there is a network that may be used. */
  hasService(): boolean;
  /** Tries the call; a text says why it failed. */
  call(): true | string;
  onReady(): void;
  onGivenUp(): void;
}

/** Begins at once: `onReady` may be called before this returns. @returns what ends the waiting. */
export function awaitDataCall(wait: DataCallWait): Cancel {
  const { modem, clock, log, retry, retries } = wait;
  let cancel: Cancel = () => {};

  const awaitService = (attempt: number) => {
    const unsubscribe = modem.onChange(() => {
      if (!wait.hasService()) return;
      unsubscribe();
      tryCall(attempt);
    });
    cancel = unsubscribe;
  };
  const tryCall = (attempt: number) => {
    if (!wait.hasService()) return awaitService(attempt);
    const outcome = wait.call();
    if (outcome === true) return wait.onReady();
    if (attempt >= retries) {
      const remedy = "set the right APN in lwm2m_cfg or carrier_apn_cfg, then register again";
      log.error({ reason: outcome, remedy }, "data call given up");
      return wait.onGivenUp();
    }
    const delayMs = retryDelayMs(retry, attempt);
    log.warn({ reason: outcome, retryInS: delayMs / 1000 }, "data call failed");
    cancel = clock.after(delayMs, () => tryCall(attempt + 1));
  };

  tryCall(0);
  return () => cancel();
}
