/** The registrations with all LwM2M Servers at once, and what of them +QLWEVENT tells: 3, 4 and 5. */
import type { Account } from "#lwm2m/accounts";
import type { RegistrationState } from "#lwm2m/registration";
import type { ServerSession, ServerSessionOptions } from "#lwm2m/server-session";
import { createServerSession } from "#lwm2m/server-session";
import type { ClientPhase } from "#modem/state";

/** What is the same for every Server, and what differs by account. */
export interface RegistrationsOptions {
  sessionOptions(
    account: Account,
  ): Omit<ServerSessionOptions, "account" | "onState" | "onNewLink" | "onBootstrapWanted">;
  phase(): ClientPhase | undefined;
  say(phase: ClientPhase): void;
  /** A Server has accepted, and no other is still being asked. */
  onReady(): void;
  /** The link to a Server has ended or is about to be replaced. */
  onServerLost(session: ServerSession): void;
  /** The last Server has been left. */
  onAllIdle(): void;
  onBootstrapWanted(): void;
}

export interface Registrations {
  readonly sessions: readonly ServerSession[];
  /** Registers anew with each of these, leaving what there was without a word. */
  begin(accounts: readonly Account[]): void;
  /** Ends everything, saying nothing to the Servers. */
  close(): void;
}

const isHeld = ({ state }: ServerSession) => state.is === "registered" || state.is === "updating";

export function createRegistrations(options: RegistrationsOptions): Registrations {
  const { phase, say } = options;
  let sessions: readonly ServerSession[] = [];

  const settle = () => {
    if (sessions.some((each) => each.state.is === "registering")) return;
    if (!sessions.some((each) => each.state.is === "registered")) return;
    if (phase() !== 5) say(5);
    options.onReady();
  };

  const onState = (session: ServerSession, before: RegistrationState) => {
    const { is } = session.state;
    if (is === "registering" && !sessions.some((each) => each !== session && (isHeld(each) || each.state.is === is))) {
      if (phase() !== 3) say(3);
      say(4);
    }
    if (is === "waiting" || (is === "registered" && (before.is !== "updating" || phase() !== 5))) settle();
    if (is === "idle" || is === "waiting" || is === "disabled") options.onServerLost(session);
    if (sessions.every((each) => each.state.is === "idle")) options.onAllIdle();
  };

  const close = () => {
    for (const session of sessions) {
      session.close();
      options.onServerLost(session);
    }
    sessions = [];
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
          onNewLink: options.onServerLost,
          onBootstrapWanted() {
            if (!sessions.some(isHeld)) options.onBootstrapWanted();
          },
        }),
      );
      say(3);
      for (const session of sessions) session.handle({ type: "registerAsked" });
    },
    close,
  };
}
