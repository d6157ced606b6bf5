/** AT+CGATT: the attach to the packet network, which on LTE is the registration. */
import { type Answer, defineCommand } from "#at/command";
import { integer } from "#at/parameter";
import { CmeError } from "#at/result";
import { attachOrdered, detachOrdered } from "#modem/attach-order";
import type { Modem } from "#modem/modem";
import { mayAttach } from "#modem/network";
import type { Clock } from "#runtime";

const NO_NETWORK = 30;

/** BG96: what the command takes at the most. */
const LONGEST_MS = 140_000;

/** As soon as it is known; a search comes before it. The order holds even where the search takes longer. */
function whenAttached(modem: Modem, clock: Clock): Answer {
  if (modem.state.network.attached) return [];
  return new Promise((resolve, reject) => {
    const settle = (attached: boolean) => {
      unsubscribe();
      giveUp();
      if (attached) resolve([]);
      else reject(new CmeError(NO_NETWORK));
    };
    const giveUp = clock.after(LONGEST_MS, () => settle(false));
    const unsubscribe = modem.onChange((now) => {
      const { attached, attachWanted } = now.network;
      if (attached || !attachWanted || !mayAttach(now)) settle(attached);
    });
  });
}

export const cgatt = defineCommand({
  name: "+CGATT",
  title: "Attach to packet service; detached from LTE the module is not registered",
  spec: "3GPP TS 27.007 §10.1.9",
  parameters: [integer("state", [0, 1])],
  read: ({ modem }) => [`+CGATT: ${modem.state.network.attached ? 1 : 0}`],
  write({ modem, runtime }, { state: wanted }) {
    if (wanted === 0) {
      modem.update((state) => detachOrdered(state, "ME"));
      return [];
    }
    if (!mayAttach(modem.state)) throw new CmeError(NO_NETWORK);
    modem.update(attachOrdered);
    return whenAttached(modem, runtime.clock);
  },
});
