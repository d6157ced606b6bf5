/**
 * How the Client comes by its accounts: asked for after ClientHoldOffTime, or given by a Bootstrap-Server that begins by
 * itself, where that is offered (OMA TS 1.0.2 §5.2.3); and how long the Bootstrap-Server's own account lasts after it.
 */
import type { Request, Response } from "#coap/message";
import type { Store } from "#efs/store";
import { accountProblem } from "#lwm2m/account-check";
import type { AccountKeeper } from "#lwm2m/account-keeper";
import type { Account, Accounts } from "#lwm2m/accounts";
import type { BootstrapPolicy, BootstrapState } from "#lwm2m/bootstrap";
import { createBootstrapAccount } from "#lwm2m/bootstrap-account";
import { type BootstrapSession, createBootstrapSession } from "#lwm2m/bootstrap-session";
import type { PeerOptions } from "#lwm2m/peer";
import type { Registry } from "#lwm2m/registry";
import { retryDelayMs } from "#lwm2m/retry";
import type { ClientPhase } from "#modem/state";
import type { Cancel } from "#runtime";

export interface Bootstrapping {
  /** A Bootstrap-Server may write now. */
  readonly isTransferring: boolean;
  /** Nothing more comes of it by itself: given up, or there is no account of a Bootstrap-Server. */
  readonly isStuck: boolean;
  /** The Client starts; where the Bootstrap-Server may begin, there is a link to it from now on. @param source of the accounts */
  begin(source: ReturnType<Accounts["load"]>): void;
  /** @param afterFailure because a registration has failed: the second time in a row, and each later one, after a longer wait */
  ask(afterFailure: boolean): void;
  /** All registrations have succeeded. */
  settled(): void;
  /** The module is online again. */
  goOn(): void;
  close(): void;
}

export interface BootstrappingOptions extends Omit<PeerOptions, "account"> {
  readonly registry: Registry;
  readonly store: Store;
  readonly accounts: Accounts;
  readonly keeper: AccountKeeper;
  /** Whether a Bootstrap-Server may begin by itself. */
  readonly serverInitiated: boolean;
  policy(): BootstrapPolicy;
  /** @throws ClientError when there is no name to use (a SIM without MSISDN). */
  endpointName(): string;
  /** Serves a Write, Delete or Discover of the Bootstrap-Server. */
  serve(request: Request): Response;
  phase(): ClientPhase | undefined;
  say(phase: ClientPhase): void;
  /** A bootstrap is wanted, or has begun: registrations are over. */
  onBegin(): void;
  /** The accounts are others now. */
  onComplete(): void;
  /** There is no other bootstrap to wait for: the Client goes on with the accounts it has. */
  onEnd(): void;
}

export function createBootstrapping(options: BootstrappingOptions): Bootstrapping {
  const { runtime, accounts, keeper, registry, phase, say, serverInitiated } = options;
  const { clock, log } = runtime;
  let session: BootstrapSession | undefined;
  let holdOff: Cancel | undefined;
  /** Bootstraps for a failed registration since all succeeded: without a wait they could follow each other without end. */
  let failures = 0;

  const onState = ({ state }: BootstrapSession, before: BootstrapState) => {
    const hasBegun = state.is === "transferring" && before.is !== "requesting";
    if (hasBegun) {
      holdOff?.();
      options.onBegin();
    }
    if (hasBegun || state.is === "requesting") {
      keeper.remember();
      if (phase() !== 1 && !hasBegun) say(1);
      say(2);
    }
    if (state.is === "failed") {
      log.warn(
        {},
        "bootstrap given up: register again, or check the bootstrap server and its account for this endpoint",
      );
      say(1);
      lifespan.review();
    }
  };

  const open = (account: Account): BootstrapSession =>
    createBootstrapSession({
      ...options,
      account,
      policy: options.policy(),
      listens: serverInitiated,
      problem: (asked) => accountProblem(registry) ?? (asked ? noServer() : undefined),
      restoreAccounts: keeper.restore,
      onState,
      onComplete() {
        options.onComplete();
        log.info({ bootstrapServer: account.uri, servers: accounts.servers.map(({ uri }) => uri) }, "bootstrapped");
        keeper.save();
        lifespan.begin();
        follow();
        options.onEnd();
      },
      onAbandoned() {
        lifespan.review();
        options.onEnd();
      },
    });
  /** A Bootstrap-Server that was asked owes an account; one that begins by itself may take them all. */
  const noServer = () => (accounts.servers.length === 0 ? "no server account was written" : undefined);

  const replace = (account: Account | undefined) => {
    session?.close();
    session = account && open(account);
  };
  /** Where the Bootstrap-Server has written its own account anew, that is the one to listen at. */
  const follow = () => {
    if (!serverInitiated || !session) return;
    const account = accounts.bootstrapServer;
    if (!account || !isSame(account, session.account)) replace(account);
  };

  const lifespan = createBootstrapAccount({
    ...options,
    clock,
    log,
    inUse: () => session !== undefined && session.state.is !== "idle" && session.state.is !== "failed",
    onPurged() {
      replace(undefined);
      keeper.save();
    },
  });

  return {
    get isTransferring() {
      return session?.state.is === "transferring";
    },
    get isStuck() {
      return !session || session.state.is === "failed";
    },
    begin(source) {
      lifespan.resume(source === "persistent");
      if (serverInitiated) replace(accounts.bootstrapServer);
    },
    ask(afterFailure) {
      options.onBegin();
      holdOff?.();
      say(1);
      const account = accounts.bootstrapServer;
      if (!account) {
        log.warn({}, "bootstrap required, but there is no bootstrap server account: see /datatx/bootstrap.ini");
        return;
      }
      if (!serverInitiated || !session) replace(account);
      const waitMs = failures === 0 ? 0 : retryDelayMs(options.policy().retry, failures - 1);
      failures = afterFailure ? failures + 1 : 0;
      // ClientHoldOffTime, OMA TS 1.0.2 §5.2.4
      const delayMs = Math.max(account.holdOffS * 1000, waitMs);
      if (delayMs > 0) {
        log.info({ bootstrapServer: account.uri, inS: delayMs / 1000 }, "bootstrap required: waiting to ask for it");
      }
      holdOff = clock.after(delayMs, () => session?.handle({ type: "asked" }));
    },
    settled() {
      failures = 0;
    },
    goOn: () => session?.goOn(),
    close() {
      lifespan.end();
      holdOff?.();
      failures = 0;
      replace(undefined);
    },
  };
}

const isSame = (a: Account, b: Account) =>
  a.uri === b.uri && a.identity.equals(b.identity) && a.key.equals(b.key) && a.securityMode === b.securityMode;
