/** The names of the Client's phases, as the AT port and the debug port print them; they are Wakaama's. */
import type { ClientPhase } from "#modem/state";

const NAMES = [
  "STATE_INITIAL",
  "STATE_BOOTSTRAP_REQUIRED",
  "STATE_BOOTSTRAPPING",
  "STATE_REGISTER_REQUIRED",
  "STATE_REGISTERING",
  "STATE_READY",
] as const;

/** @returns e.g. "STATE_READY" for 5. */
export const phaseName = (phase: ClientPhase): string => NAMES[phase];
