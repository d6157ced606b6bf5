/** The SIM card: its numbers, its PIN, its slot. */

import { requireCard, unblock, verifyPin } from "#at/card/sim-access";
import { cardNumber } from "#at/card/sim-files";
import { type CommandDefinition, defineCommand } from "#at/command";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError } from "#at/result";
import { PIN_TRIES, PUK_TRIES } from "#modem/initial-state";
import type { ModemState } from "#modem/state";

const PIN = { bare: true, pattern: /^\d{4,8}$/ };

/** BG96: three names for the card's number, each its own prefix; a card of 19 digits shows the filler behind them. */
const iccid = (name: string, spec: string) =>
  defineCommand({
    name,
    title: "ICCID",
    spec,
    execute({ modem }) {
      requireCard(modem.state, true);
      return [`${name}: ${cardNumber(modem.state)}`];
    },
  });

const cpin = defineCommand({
  name: "+CPIN",
  title: "Enter the PIN, or the PUK with a new PIN",
  spec: "3GPP TS 27.007 §8.3",
  parameters: [string("pin", PIN), optional(string("newpin", PIN))],
  test: () => [],
  read({ modem }) {
    requireCard(modem.state, true);
    return [`+CPIN: ${modem.state.sim.status}`];
  },
  write({ modem }, { pin, newpin }) {
    requireCard(modem.state, true);
    const { status } = modem.state.sim;
    if (status === "READY") throw new CmeError(3, "the card asks for nothing");
    if (status === "SIM PUK") {
      if (newpin === undefined) throw new CmeError(12, "the card asks for its PUK, and for a new PIN");
      unblock(modem, pin, newpin);
      return [];
    }
    verifyPin(modem, pin);
    modem.update((state) => ({ sim: { ...state.sim, status: "READY" } }));
    return [];
  },
});

const clck = defineCommand({
  name: "+CLCK",
  title: "Facility lock: whether the card asks for its PIN",
  spec: "3GPP TS 27.007 §7.4",
  parameters: [word("fac", ["SC"]), integer("mode", [0, 1, 2]), optional(string("passwd", PIN)), optional(integer("class", { min: 1, max: 255 }))],
  test: () => ['+CLCK: ("SC")'],
  write({ modem }, { mode, passwd }) {
    requireCard(modem.state, mode === 2);
    if (mode === 2) return [`+CLCK: ${modem.state.sim.card === "READY" ? 0 : 1}`];
    if (passwd === undefined) throw new CmeError(50, "passwd is missing");
    verifyPin(modem, passwd);
    modem.update((state) => ({ sim: { ...state.sim, card: mode === 1 ? "SIM PIN" : "READY" } }));
    return [];
  },
});

const cpwd = defineCommand({
  name: "+CPWD",
  title: "Change the PIN",
  spec: "3GPP TS 27.007 §7.5",
  parameters: [word("fac", ["SC"]), string("oldpwd", PIN), string("newpwd", PIN)],
  test: () => ['+CPWD: ("SC",8)'],
  write({ modem }, { oldpwd, newpwd }) {
    requireCard(modem.state, false);
    if (modem.state.sim.card === "READY") throw new CmeError(3, "the card does not ask for its PIN");
    verifyPin(modem, oldpwd);
    modem.update((state) => ({ sim: { ...state.sim, pin: newpwd } }));
    return [];
  },
});

/** Second PIN of the card, which nothing here asks for: as fresh as on the first day. */
const PIN2_COUNTERS = `${PIN_TRIES},${PUK_TRIES}`;

const pinCounters = (state: ModemState, facility: "SC" | "P2"): string => {
  const { pinTriesLeft, pukTriesLeft } = state.sim;
  return `+QPINC: "${facility}",${facility === "SC" ? `${pinTriesLeft},${pukTriesLeft}` : PIN2_COUNTERS}`;
};

const qpinc = defineCommand({
  name: "+QPINC",
  title: "Tries left for PIN and PUK",
  spec: "BG96 AT Commands Manual §5",
  parameters: [word("facility", ["SC", "P2"])],
  read({ modem }) {
    requireCard(modem.state, true);
    return [pinCounters(modem.state, "SC"), pinCounters(modem.state, "P2")];
  },
  write({ modem }, { facility }) {
    requireCard(modem.state, true);
    return [pinCounters(modem.state, facility)];
  },
});

const cnum = defineCommand({
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
});

const qsimstat = defineCommand({
  name: "+QSIMSTAT",
  title: "Report when the card comes and goes",
  spec: "BG96 AT Commands Manual §5",
  parameters: [integer("enable", [0, 1])],
  read: ({ modem, session }) => [`+QSIMSTAT: ${session.qsimstat},${modem.state.sim.card === "NOT INSERTED" ? 0 : 1}`],
  write({ session }, { enable }) {
    session.qsimstat = enable;
    return [];
  },
});

const qsimdet = defineCommand({
  name: "+QSIMDET",
  title: "Detection of the card by a switch; kept only, the slot needs none",
  spec: "BG96 AT Commands Manual §5",
  parameters: [integer("enable", [0, 1]), integer("insert_level", [0, 1])],
  read: (context) => [`+QSIMDET: ${keptSetting(context, "qsimdet", "0,0")}`],
  write: (context, { enable, insert_level }) => keepSetting(context, "qsimdet", `${enable},${insert_level}`),
});

const SIM_READY = 1;
const SMS_AND_PHONEBOOK_READY = 6;

const qinistat = defineCommand({
  name: "+QINISTAT",
  title: "Initialisation of the card: 1 PIN, 2 messages, 4 phonebook, summed",
  spec: "BG96 AT Commands Manual §5",
  test: () => ["+QINISTAT: (0-7)"],
  execute({ modem }) {
    const { sim, power } = modem.state;
    const ready = sim.status === "READY";
    return [`+QINISTAT: ${(ready ? SIM_READY : 0) + (ready && power.smsDone ? SMS_AND_PHONEBOOK_READY : 0)}`];
  },
});

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
  cpin,
  clck,
  cpwd,
  qpinc,
  cnum,
  qsimstat,
  qsimdet,
  qinistat,
];
