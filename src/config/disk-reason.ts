/** Why the host's disk has refused: of Node's "ENOSPC: no space left on device, write '/x'" the words alone. */
export const diskReason = (error: unknown): string =>
  (error as Error).message.replace(/^E[A-Z]+: /, "").replace(/, \w+( '.*)?$/, "");
