/** The registrations with all LwM2M Servers at once, and what of them +QLWEVENT tells: 3, 4 and 5. */
import type { Account } from "#lwm2m/accounts";
import type { KeptRegistration } from "#lwm2m/kept-registrations";
import type { RegistrationState } from "#lwm2m/registration";
import type { ServerSession, ServerSessionOptions } from "#lwm2m/server-session";
import { createServerSession } from "#lwm2m/server-session";
import type { ClientPhase } from "#modem/state";
import type { Clock, Log } from "#runtime";

/** What is the same for every Server, and what differs by account. */
export interface RegistrationsOptions {
  readonly clock: Clock;
  readonly log: Log;
  sessionOptions(
    account: Account,
  ): Omit<ServerSessionOptions, "account" | "onState" | "onRegister" | "onBootstrapWanted" | "onGivenUp">;
  phase(): ClientPhase | undefined;
  say(phase: ClientPhase): void;
  /** A Server has accepted, and no other is still being asked. */
  onReady(): void;
  /** What was kept of a registration with this account that still holds. */
  kept(account: Account): KeptRegistration | undefined;
  /** The session is about to go on with it. */
  onResume(session: ServerSession, kept: KeptRegistration): void;
  /** One Server's registration has come, gone or been prolonged. */
  onChange(): void;
  /** The registration with a Server has ended, or is about to be replaced: its observations are void. */
  onServerLost(session: ServerSession): void;
  onBootstrapWanted(): void;
}

export interface Registrations {
  readonly sessions: readonly ServerSession[];
  /** Registers with each of these, or goes on where that was kept, leaving what there was without a word. */
  begin(accounts: readonly Account[]): void;
  /** Of the Server with this Server Object Instance. */
  find(serverInstanceId: number | undefined): ServerSession | undefined;
  /** @returns undefined where there is nothing to leave, else what resolves once all Servers have answered, after `withinMs`, or with close() */
  deregister(withinMs: number): Promise<void> | undefined;
  /** Ends everything, saying nothing to the Servers. */
  close(): void;
}

export const isHeld = ({ state }: ServerSession) => state.is === "registered" || state.is === "updating";

export function createRegistrations(options: RegistrationsOptions): Registrations {
  const { clock, log, phase, say } = options;
  let sessions: readonly ServerSession[] = [];
  /** A De-registration is under way. */
  let left: (() => void) | undefined;

  const settle = () => {
    if (sessions.some((each) => each.state.is === "registering")) return;
    if (!sessions.some((each) => each.state.is === "registered")) return;
    if (phase() !== 5) say(5);
    options.onReady();
  };

  const onState = (session: ServerSession, before: RegistrationState) => {
    const { is } = session.state;
    const isTold = (each: ServerSession) => each.state.is === "registering" || (isHeld(each) && phase() === 5);
    if (is === "registering" && !sessions.some((each) => each !== session && isTold(each))) {
      if (phase() !== 3) say(3);
      say(4);
    }
    if (is === "waiting" || (is === "registered" && (before.is !== "updating" || phase() !== 5))) settle();
    if (is === "idle" || is === "waiting" || is === "disabled") options.onServerLost(session);
    if (is !== "updating") options.onChange();
    if (sessions.every((each) => each.state.is === "idle")) left?.();
  };

  const close = () => {
    for (const session of sessions) {
      session.close();
      options.onServerLost(session);
    }
    sessions = [];
    left?.();
  };

  return {
    get sessions() {
      return sessions;
    },
    begin(accounts) {
      close();
      sessions = accounts.map((account) =>
        createServerSession({
          ...options.sessionOptions(account),
          account,
          onState,
          onRegister: options.onServerLost,
          onBootstrapWanted: options.onBootstrapWanted,
          onGivenUp() {
            if (sessions.every((each) => each.state.is === "idle")) options.onBootstrapWanted();
          },
        }),
      );
      const starts = sessions.map((session) => ({ session, kept: options.kept(session.account) }));
      if (starts.some(({ kept }) => !kept)) say(3);
      for (const { session, kept } of starts) {
        if (!kept) {
          session.handle({ type: "registerAsked" });
          continue;
        }
        options.onResume(session, kept);
        session.resume(kept.grant);
      }
    },
    find: (serverInstanceId) => sessions.find((each) => each.account.serverInstanceId === serverInstanceId),
    deregister(withinMs) {
      if (sessions.every((each) => each.state.is === "idle")) return undefined;
      return new Promise((resolve) => {
        const limit = clock.after(withinMs, () => {
          log.warn({ withinMs }, "De-register was not answered in time");
          left?.();
        });
        left = () => {
          left = undefined;
          limit();
          resolve();
        };
        for (const session of sessions) {
          session.handle({ type: "deregisterAsked", answerDue: session.endpoint !== undefined });
        }
      });
    },
    close,
  };
}
