/** What a knob is, and the plain kinds of it. */
import type { ModemState } from "#modem/state";

export type KnobValue = string | number | boolean;

export interface Knob {
  /** For the help and the error, e.g. "an integer of 0-100". */
  readonly takes: string;
  /** As it stands; one that `change` takes. */
  value(state: ModemState): KnobValue;
  /** @returns undefined when the value does not fit. */
  change(value: unknown, state: ModemState): Partial<ModemState> | undefined;
}

/** A knob on one member of one part of the state. */
export function knob<Part extends keyof ModemState>(
  part: Part,
  member: string & keyof ModemState[Part],
  takes: string,
  fits: (value: unknown, state: ModemState) => boolean,
): Knob {
  return {
    takes,
    value: (state) => (state[part] as Readonly<Record<string, KnobValue>>)[member]!,
    change: (value, state) =>
      fits(value, state)
        ? ({ [part]: { ...(state[part] as object), [member]: value } } as Partial<ModemState>)
        : undefined,
  };
}

export const integer = (low: number, high: number): [string, (value: unknown) => boolean] => [
  `an integer of ${low} to ${high}`,
  (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
];
export const oneOf = (words: readonly string[]): [string, (value: unknown) => boolean] => [
  `one of ${words.join(", ")}`,
  (value) => words.some((word) => word === value),
];
export const flag: [string, (value: unknown) => boolean] = ["true or false", (value) => typeof value === "boolean"];
