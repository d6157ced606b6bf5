/** The SIM card: its numbers and its PIN. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { optional, string } from "#at/parameter";
import { CmeError } from "#at/result";
import type { Modem } from "#modem/modem";
import type { ModemState } from "#modem/state";

/** @throws CmeError for a card that is absent, switched off, starting or (unless `locked` will do) locked. */
function requireCard({ sim, functionality }: ModemState, locked: boolean): void {
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

/** BG96: three names for the card's number, each its own prefix. */
const iccid = (name: string, spec: string) =>
  defineCommand({
    name,
    title: "ICCID",
    spec,
    execute({ modem }) {
      requireCard(modem.state, true);
      return [`${name}: ${modem.state.sim.iccid}`];
    },
  });

function enterPin(modem: Modem, pin: string): void {
  const { sim } = modem.state;
  if (sim.status === "READY") throw new CmeError(3);
  // The simulated card has no PUK: a card blocked stays blocked.
  if (sim.status === "SIM PUK") throw new CmeError(16);
  if (pin !== sim.pin) {
    const pinTriesLeft = Math.max(0, sim.pinTriesLeft - 1);
    const blocked = pinTriesLeft === 0 && { status: "SIM PUK" as const, card: "SIM PUK" as const };
    modem.update({ sim: { ...sim, pinTriesLeft, ...blocked } });
    throw new CmeError(16);
  }
  modem.update({ sim: { ...sim, status: "READY", pinTriesLeft: 3 } });
  modem.update((state) => ({ power: { ...state.power, smsDone: true } }));
}

export const simCommands: readonly CommandDefinition[] = [
  defineCommand({
    name: "+CIMI",
    title: "IMSI",
    spec: "3GPP TS 27.007 §5.6",
    execute({ modem }) {
      requireCard(modem.state, false);
      return [modem.state.sim.imsi];
    },
  }),
  iccid("+QCCID", "BG96 AT Commands Manual §5"),
  iccid("+ICCID", "listed by AT+CLAC of a BG96"),
  iccid("+CCID", "accepted by BG96 firmware, not in its manual"),
  defineCommand({
    name: "+CPIN",
    title: "Enter the PIN",
    spec: "3GPP TS 27.007 §8.3",
    parameters: [string("pin", { bare: true, pattern: /^\d{4,8}$/ }), optional(string("newpin", { bare: true, pattern: /^\d{4,8}$/ }))],
    test: () => [],
    read({ modem }) {
      requireCard(modem.state, true);
      return [`+CPIN: ${modem.state.sim.status}`];
    },
    write({ modem }, { pin }) {
      requireCard(modem.state, true);
      enterPin(modem, pin);
      return [];
    },
  }),
  defineCommand({
    name: "+CNUM",
    title: "Subscriber number",
    spec: "3GPP TS 27.007 §7.1",
    execute({ modem }) {
      requireCard(modem.state, false);
      const { msisdn } = modem.state.sim;
      if (msisdn === undefined) return [];
      // BG96: an empty <alpha> has no quotes. 3GPP TS 24.008 §10.5.4.7: 145 international, 129 otherwise.
      return [`+CNUM: ,"${msisdn}",${msisdn.startsWith("+") ? 145 : 129}`];
    },
  }),
];
