/** AT+CGATT: the attach to the packet network, which on LTE is the registration. */
import { type Answer, defineCommand } from "#at/command";
import { integer } from "#at/parameter";
import { CmeError } from "#at/result";
import { attachOrdered, detachOrdered } from "#modem/attach-order";
import type { Modem } from "#modem/modem";
import { mayAttach } from "#modem/network";

const NO_NETWORK = 30;

/** As soon as it is known; a search comes before it. */
function whenAttached(modem: Modem): Answer {
  if (modem.state.network.attached) return [];
  return new Promise((resolve, reject) => {
    const unsubscribe = modem.onChange((now) => {
      const { attached, attachWanted } = now.network;
      if (!attached && attachWanted && mayAttach(now)) return;
      unsubscribe();
      if (attached) resolve([]);
      else reject(new CmeError(NO_NETWORK));
    });
  });
}

export const cgatt = defineCommand({
  name: "+CGATT",
  title: "Attach to packet service; detached from LTE the module is not registered",
  spec: "3GPP TS 27.007 §10.1.9",
  parameters: [integer("state", [0, 1])],
  read: ({ modem }) => [`+CGATT: ${modem.state.network.attached ? 1 : 0}`],
  write({ modem }, { state: wanted }) {
    if (wanted === 0) {
      modem.update((state) => detachOrdered(state, "ME"));
      return [];
    }
    if (!mayAttach(modem.state)) throw new CmeError(NO_NETWORK);
    modem.update(attachOrdered);
    return whenAttached(modem);
  },
});
