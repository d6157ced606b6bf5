/** The LF of hosts that end their lines with CR LF: where the line opens a data mode it is not the first byte of the data. */

export interface LineFeed {
  /** A line has ended at its terminator. */
  expect(): void;
  /**
   * Whether `byte` is the rest of a line's end. One that came together with the terminator is; one that comes apart is
   * where the host's lines have been ending so.
   * @param awaitsData whether it would be data otherwise
   */
  ends(byte: number | undefined, together: boolean, awaitsData: boolean): boolean;
  reset(): void;
}

const LF = 0x0a;

export function createLineFeed(): LineFeed {
  let expected = false;
  let isHabit = false;
  return {
    expect() {
      expected = true;
    },
    ends(byte, together, awaitsData) {
      if (!expected || byte === undefined) return false;
      expected = false;
      const isFeed = byte === LF;
      const ends = isFeed && (together || isHabit);
      if (together || !awaitsData) isHabit = isFeed;
      return ends;
    },
    reset() {
      expected = isHabit = false;
    },
  };
}
