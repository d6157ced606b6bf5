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

/** @param onFault hears of what a watcher throws; the others still run. By default it is thrown once they have. */
export function createModem(initial: ModemState, onFault?: (error: unknown) => void): Modem {
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
      const faults: unknown[] = [];
      for (let next = queue.shift(); next; next = queue.shift()) {
        for (const watcher of [...watchers]) {
          try {
            watcher(...next);
          } catch (error) {
            faults.push(error);
          }
        }
      }
      delivering = false;
      for (const fault of faults) {
        if (!onFault) throw fault;
        onFault(fault);
      }
    },
    onChange(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}
