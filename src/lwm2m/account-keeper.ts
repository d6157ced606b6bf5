/** When the accounts go to disk: with a registration, and after each change of them; not again once reset has removed them. */
import type { Accounts } from "#lwm2m/accounts";
import type { Cancel, Clock, Log } from "#runtime";

export interface AccountKeeper {
  /** The Client starts; `source` says where its accounts came from. */
  begin(source: ReturnType<Accounts["load"]>): void;
  /** A registration or a bootstrap has succeeded. */
  save(): void;
  /** An account has changed: kept a little later, together with what else changes. */
  changed(): void;
  /** Takes the accounts before a bootstrap, to be put back by restore(). */
  remember(): void;
  restore(): void;
  /** What is still to be kept is kept now. */
  end(): void;
}

const DELAY_MS = 100;

export function createAccountKeeper(accounts: Accounts, clock: Clock, log: Log): AccountKeeper {
  let former: ReturnType<Accounts["snapshot"]> | undefined;
  /** Whether there must be a file: if it has gone, the host has reset it, and it stays away until the next start. */
  let written = false;
  let restoring = false;
  let pending: Cancel | undefined;

  const save = () => {
    pending?.();
    pending = undefined;
    if (written && !accounts.stored) return;
    try {
      accounts.save();
      written = true;
    } catch (err) {
      log.error({ err }, "the accounts could not be kept in /datatx/lwm2m");
    }
  };

  return {
    begin(source) {
      written = source === "persistent";
      former = undefined;
    },
    save,
    changed() {
      if (written && !restoring) pending ??= clock.after(DELAY_MS, save);
    },
    remember() {
      former = accounts.snapshot();
    },
    restore() {
      if (!former) return;
      restoring = true;
      try {
        accounts.restore(former);
      } finally {
        restoring = false;
      }
    },
    end() {
      if (pending) save();
    },
  };
}
