/** Whether the SIM card can be reached, and its PIN. */
import { CmeError } from "#at/result";
import type { Modem } from "#modem/modem";
import type { ModemState } from "#modem/state";

/** @throws CmeError for a card that is absent, switched off, starting or (unless `locked` will do) locked. */
export function requireCard({ sim, functionality }: ModemState, locked: boolean): void {
  switch (sim.status) {
    case "READY":
      return;
    case "NOT INSERTED":
      throw new CmeError(10);
    case "NOT READY":
      throw new CmeError(functionality === 0 ? 13 : 14);
    case "SIM PIN":
      if (!locked) throw new CmeError(11);
      return;
    case "SIM PUK":
      if (!locked) throw new CmeError(12);
  }
}

/** @throws CmeError(16) for a PIN that is wrong; the third in a row blocks the card. */
export function verifyPin(modem: Modem, pin: string): void {
  const { sim } = modem.state;
  // The simulated card has no PUK: a card blocked stays blocked.
  if (sim.status === "SIM PUK") throw new CmeError(16);
  if (pin !== sim.pin) {
    const pinTriesLeft = Math.max(0, sim.pinTriesLeft - 1);
    const blocked = pinTriesLeft === 0 && { status: "SIM PUK" as const, card: "SIM PUK" as const };
    modem.update({ sim: { ...sim, pinTriesLeft, ...blocked } });
    throw new CmeError(16);
  }
  modem.update({ sim: { ...sim, pinTriesLeft: 3 } });
}
