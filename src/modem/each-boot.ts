/** Values of the module's files, read when it boots and not at each use. */
import type { Modem } from "#modem/modem";

export function atEachBoot<T>(modem: Modem, read: () => T): () => T {
  let value = read();
  modem.onChange((now, before) => {
    if (now.power.boots !== before.power.boots) value = read();
  });
  return () => value;
}
