/** The battery: what voltage goes with which charge. */

/** One lithium cell under the module's load, percent and mV: from the least the BG96 runs on to a full one. */
const DISCHARGE: readonly (readonly [number, number])[] = [
  [0, 3300],
  [10, 3570],
  [20, 3640],
  [50, 3740],
  [85, 3900],
  [100, 4100],
];

/** @param percent 0 to 100 */
export function millivoltsAt(percent: number): number {
  const above = Math.max(
    1,
    DISCHARGE.findIndex(([each]) => each >= percent),
  );
  const [[low, least], [high, most]] = [DISCHARGE[above - 1]!, DISCHARGE[above]!];
  return Math.round(least + ((percent - low) / (high - low)) * (most - least));
}
