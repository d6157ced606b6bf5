/** The lifetime of a registration as AT+QLWM2M="lifetime" and "bootstrap",2 take it (BG96: guide §4.1). */
import type { CommandContext, Parameter } from "#at/command";
import { integer } from "#at/parameter";
import { CmeError } from "#at/result";

const GUIDE_S = { min: 30, max: 86400 };
const SHORTEST_S = 1;

/** What stands in the test form, by dialect. */
export const lifetimeRange = ({ shortLifetimes }: CommandContext["spelling"]): string => `(${shortLifetimes ? SHORTEST_S : GUIDE_S.min}-${GUIDE_S.max})`;

/** Takes what any dialect takes: `checkLifetime` says whether this one does. */
export const lifetimeParameter = <const Name extends string>(name: Name): Parameter<Name, number> => ({
  ...integer(name, { min: SHORTEST_S, max: GUIDE_S.max }),
  range: `(${GUIDE_S.min}-${GUIDE_S.max})`,
});

/** @throws CmeError for less than the guide's 30 s, unless the dialect has it otherwise */
export function checkLifetime(lifetimeS: number, { spelling }: Pick<CommandContext, "spelling">): number {
  if (lifetimeS < GUIDE_S.min && !spelling.shortLifetimes) throw new CmeError(50, "life_time: out of range");
  return lifetimeS;
}
