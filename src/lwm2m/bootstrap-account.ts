/** The Bootstrap-Server's account, which goes /0/x/12 seconds after a bootstrap (OMA TS 1.0.2 Appendix E.1), reboots or not. */
import { z } from "zod";
import type { Store } from "#efs/store";
import { SECURITY } from "#lwm2m/account-tree";
import type { Accounts } from "#lwm2m/accounts";
import type { Registry } from "#lwm2m/registry";
import type { Cancel, Clock, Log } from "#runtime";

export interface BootstrapAccount {
  /** The Client starts. @param kept whether its accounts are those of an earlier bootstrap or registration */
  resume(kept: boolean): void;
  /** A bootstrap has succeeded: the time runs from now. */
  begin(): void;
  /** Purges the account if its time is over and it is not in use. */
  review(): void;
  /** The Client stops; the time runs on. */
  end(): void;
}

export interface BootstrapAccountOptions {
  readonly accounts: Accounts;
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a bootstrap is under way, for which the account is needed still. */
  inUse(): boolean;
  /** The account has gone. */
  onPurged(): void;
}

const STORED_AS = "bootstrap-account";
const schema = z.object({ endsAtMs: z.number() });

export function createBootstrapAccount(options: BootstrapAccountOptions): BootstrapAccount {
  const { accounts, registry, store, clock, log } = options;
  /** Wall clock ms. */
  let endsAtMs: number | undefined;
  let timer: Cancel | undefined;

  const forget = () => {
    endsAtMs = undefined;
    store.remove(STORED_AS);
  };
  const review = () => {
    timer?.();
    timer = undefined;
    if (endsAtMs === undefined || options.inUse()) return;
    const leftMs = endsAtMs - clock.now();
    if (leftMs > 0) {
      timer = clock.after(leftMs, review);
      return;
    }
    const account = accounts.bootstrapServer;
    if (account) {
      log.info({ uri: account.uri }, "the bootstrap server's account is purged: its timeout is over");
      registry.delete({ objectId: SECURITY, instanceId: account.securityInstanceId }, "client");
      options.onPurged();
    }
    forget();
  };

  return {
    resume(kept) {
      endsAtMs = schema.safeParse(store.load(STORED_AS)).data?.endsAtMs;
      if (kept) review();
      else forget();
    },
    begin() {
      const { timeoutS = 0 } = accounts.bootstrapServer ?? {};
      if (timeoutS === 0) return forget();
      endsAtMs = clock.now() + timeoutS * 1000;
      store.save(STORED_AS, { endsAtMs });
      review();
    },
    review,
    end() {
      timer?.();
      timer = undefined;
      endsAtMs = undefined;
    },
  };
}
