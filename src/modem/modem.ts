/** One simulated module: its state, its only way to change, and those who watch. */
import type { ModemState } from "#modem/state";

export type Watcher = (now: ModemState, before: ModemState) => void;

export interface Modem {
  readonly state: ModemState;
  /** Replaces the named top-level parts of the state; watchers run before it returns, in order of subscription. */
  update(change: Partial<ModemState> | ((state: ModemState) => Partial<ModemState>)): void;
  /** @returns a function that ends the subscription. */
  onChange(watcher: Watcher): () => void;
}

export function createModem(initial: ModemState): Modem {
  let state = initial;
  const watchers = new Set<Watcher>();
  const queue: Array<[ModemState, ModemState]> = [];
  let delivering = false;
  return {
    get state() {
      return state;
    },
    update(change) {
      const before = state;
      state = { ...before, ...(typeof change === "function" ? change(before) : change) };
      queue.push([state, before]);
      if (delivering) return; // an update made by a watcher is delivered after the one it reacts to
      delivering = true;
      try {
        for (let next = queue.shift(); next; next = queue.shift()) {
          for (const watcher of [...watchers]) watcher(...next);
        }
      } finally {
        delivering = false;
        queue.length = 0;
      }
    },
    onChange(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}
