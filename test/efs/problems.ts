import { ConfigError } from "#config";

/** What a refused reading says: "place: message" of each problem. */
export function problemsOf(task: () => unknown): readonly string[] {
  try {
    task();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { remedy } of error.problems) if (remedy === "") throw new Error("a problem without a remedy");
    return error.problems.map(({ place, message }) => `${place}: ${message}`);
  }
  return [];
}
