/** Everything that was told, kept in order, and what waits for more of it. */
export interface Journal<T> {
  readonly entries: readonly T[];
  add(entry: T): void;
  /** The place after the last entry; hand it to `waitFor` to look at later ones only. */
  mark(): number;
  /**
   * The first entry at or after `since` that `pick` makes something of, now or within the deadline.
   * @throws Error telling what was awaited and what came instead
   */
  waitFor<R>(what: string, pick: (entry: T) => R | undefined, deadlineMs: number, since?: number): Promise<R>;
  /** Fails all that waits, now and later: the source of entries is gone. */
  end(reason: string): void;
}

/** @param describe one entry in one line, for the message of a missed deadline */
export function createJournal<T>(describe: (entry: T) => string): Journal<T> {
  const entries: T[] = [];
  const waiting = new Set<{ look(entry: T): void; fail(why: string): void }>();
  let ended: string | undefined;

  return {
    entries,
    add(entry) {
      entries.push(entry);
      for (const one of [...waiting]) one.look(entry);
    },
    mark: () => entries.length,
    waitFor(what, pick, deadlineMs, since = 0) {
      for (const entry of entries.slice(since)) {
        const found = pick(entry);
        if (found !== undefined) return Promise.resolve(found);
      }
      return new Promise((resolve, reject) => {
        const fail = (why: string): void => {
          clearTimeout(timer);
          waiting.delete(one);
          const seen = entries.slice(since).slice(-40).map(describe);
          reject(new Error(`${what}: ${why}; seen:\n  ${seen.join("\n  ") || "nothing"}`));
        };
        const one = {
          look(entry: T): void {
            const found = pick(entry);
            if (found === undefined) return;
            clearTimeout(timer);
            waiting.delete(one);
            resolve(found);
          },
          fail,
        };
        const timer = setTimeout(() => fail(`not within ${deadlineMs} ms`), deadlineMs);
        if (ended !== undefined) fail(ended);
        else waiting.add(one);
      });
    },
    end(reason) {
      ended ??= reason;
      for (const one of [...waiting]) one.fail(reason);
    },
  };
}
