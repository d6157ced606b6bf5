/** Whether the SIM card can be reached, and its PIN. */
import { CmeError } from "#at/result";
import { PIN_TRIES, PUK_TRIES } from "#modem/initial-state";
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
      if (sim.pukTriesLeft === 0) throw new CmeError(13, "the card is blocked for good");
      if (!locked) throw new CmeError(12);
  }
}

/** @throws CmeError(16) for a PIN that is wrong; the third in a row blocks the card. */
export function verifyPin(modem: Modem, pin: string): void {
  const { sim } = modem.state;
  if (pin !== sim.pin) {
    const pinTriesLeft = Math.max(0, sim.pinTriesLeft - 1);
    const blocked = pinTriesLeft === 0 && { status: "SIM PUK" as const, card: "SIM PUK" as const };
    modem.update({ sim: { ...sim, pinTriesLeft, ...blocked } });
    throw new CmeError(16);
  }
  modem.update({ sim: { ...sim, pinTriesLeft: PIN_TRIES } });
}

/** Gives a card that three wrong PINs have blocked a new one. @throws CmeError(16) for a PUK that is wrong; the tenth in a row is the last */
export function unblock(modem: Modem, puk: string, newPin: string): void {
  const { sim } = modem.state;
  if (puk !== sim.puk) {
    modem.update({ sim: { ...sim, pukTriesLeft: sim.pukTriesLeft - 1 } });
    throw new CmeError(16);
  }
  const tries = { pinTriesLeft: PIN_TRIES, pukTriesLeft: PUK_TRIES };
  modem.update({ sim: { ...sim, ...tries, pin: newPin, status: "READY", card: "SIM PIN" } });
}
