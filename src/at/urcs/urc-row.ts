/** One row of the unsolicited result codes: what a change of the modem prints. */
import type { Host } from "#at/host";
import type { Session } from "#at/session";
import type { Spelling } from "#config/spelling";
import type { ModemState } from "#modem/state";

export interface UrcContext {
  readonly session: Session;
  readonly host: Host;
  readonly spelling: Spelling;
}

export type Urc = (now: ModemState, before: ModemState, context: UrcContext) => readonly string[];

export const on = (condition: boolean, ...lines: string[]): readonly string[] => (condition ? lines : []);
