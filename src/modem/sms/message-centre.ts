/** The network's side of short messages: they wait at the service centre until the module can take them (3GPP TS 23.040 §3). */
import type { Modem } from "#modem/modem";
import { inService } from "#modem/network";
import { chosenStores, type SmsState, type StoreName, withMessage } from "#modem/sms/message-store";
import { type Address, addressOf, classOf } from "#modem/sms/pdu-fields";
import { centreTime, textParts } from "#modem/sms/text-message";
import { encodeMessage, type Message, report, STATUS_REQUESTED, type Submit, type Tpdu } from "#modem/sms/tpdu";
import type { ModemState } from "#modem/state";
import type { Cancel, Clock } from "#runtime";

/** A message on its way to the module. */
export type Waiting =
  | { readonly from: Address; readonly text: string }
  /** An SMS-SUBMIT of the module itself that comes back to it, or asks for a report. */
  | { readonly submit: Submit; readonly as: "deliver" | "report" }
  | { readonly pdu: string; readonly tpdu: Exclude<Tpdu, Submit> };

/** What the host hears of: a message that lies at a place, or one that is told as a whole and kept nowhere. */
export type Arrival =
  | { readonly kind: "message" | "report"; readonly store: StoreName; readonly place: number }
  | { readonly kind: "direct"; readonly pdu: string };

/** AT+CNMI: <mode>,<mt>,<bm>,<ds>,<bfr>. */
export type Routing = readonly [mode: number, mt: number, bm: number, ds: number, bfr: number];
export const FACTORY_ROUTING: Routing = [2, 1, 0, 0, 0];

/** At the service centre, and told to nobody while AT+CNMI has mode 0. */
const MOST_WAITING = 100;
const MOST_HELD = 64;
/** How long the host has for AT+CNMA. 3GPP TS 24.011 §10.1: TR2M is 12 to 20 s. */
const ACKNOWLEDGE_MS = 15_000;

export const noMessages: SmsState = {
  stores: { SM: {}, ME: {} },
  routing: FACTORY_ROUTING,
  waiting: [],
  arrivals: [],
  held: [],
  unacknowledged: undefined,
};

/** @returns the state with one more on its way; undefined when the service centre takes no more. */
export function sentTo(sms: SmsState, ...messages: readonly Waiting[]): SmsState | undefined {
  const waiting = [...sms.waiting, ...messages];
  return waiting.length > MOST_WAITING ? undefined : { ...sms, waiting };
}

/** Hands an SMS-SUBMIT to the network. */
export function submitMessage(modem: Modem, { tpdu }: Message): void {
  if (tpdu.kind !== "submit") return;
  const { sim, sms } = modem.state;
  const own = sim.msisdn && addressOf(sim.msisdn).digits === tpdu.to.digits;
  const back: Waiting[] = own ? [{ submit: tpdu, as: "deliver" }] : [];
  if ((tpdu.fo & STATUS_REQUESTED) !== 0) back.push({ submit: tpdu, as: "report" });
  const after = back.length > 0 && sentTo(sms, ...back);
  if (after) modem.update({ sms: after });
}

/** AT+CNMI: what mode 0 has held back is told or, with <bfr> 1, dropped. */
export function routed(sms: SmsState, routing: Routing): SmsState {
  if (routing[0] === 0) return { ...sms, routing };
  return { ...sms, routing, held: [], ...(routing[4] === 0 && sms.held.length > 0 && { arrivals: sms.held }) };
}

const mayReceive = (state: ModemState) =>
  inService(state) && state.sim.status === "READY" && state.power.smsDone && state.power.phase === "running";

function told(sms: SmsState, arrival: Arrival): SmsState {
  if (sms.routing[0] === 0) return { ...sms, held: [...sms.held, arrival].slice(-MOST_HELD) };
  return { ...sms, arrivals: [arrival] };
}

/** Whether 3GPP TS 27.005 §3.4.1 hands a message to the host as a whole. */
function isDirect(tpdu: Tpdu, [, mt, , ds]: Routing): boolean {
  if (tpdu.kind === "report") return ds === 1;
  const messageClass = tpdu.kind === "deliver" ? classOf(tpdu.dcs) : undefined;
  return mt === 2 ? messageClass !== 2 : mt === 3 && messageClass === 3;
}

/** One message that has reached the module. @returns undefined when there is no room: it goes on waiting */
export function received(state: ModemState, pdu: string, tpdu: Tpdu): SmsState | undefined {
  const { sms, settings } = state;
  const { routing } = sms;
  const isReport = tpdu.kind === "report";
  if (isDirect(tpdu, routing)) {
    const next = told(sms, { kind: "direct", pdu });
    return settings.csms === "1" ? { ...next, unacknowledged: { pdu, tpdu: tpdu as Exclude<Tpdu, Submit> } } : next;
  }
  if (isReport && routing[3] !== 2) return sms; // nobody wants it
  const isForCard = tpdu.kind === "deliver" && classOf(tpdu.dcs) === 2;
  const store = isForCard ? "SM" : chosenStores(state)[2];
  const stored = withMessage(sms, store, { status: 0, pdu });
  if (!stored) return undefined;
  if (!isReport && routing[1] === 0) return stored.sms;
  return told(stored.sms, { kind: isReport ? "report" : "message", store, place: stored.place });
}

export interface MessageCentre {
  close(): void;
}

export function createMessageCentre({ modem, clock }: { readonly modem: Modem; readonly clock: Clock }): MessageCentre {
  let patience: Cancel | undefined;
  let references = 0;

  /** Those waiting as the PDUs that come: more than one for a long text. */
  const pdusOf = (waiting: Waiting): readonly Extract<Waiting, { pdu: string }>[] => {
    if ("pdu" in waiting) return [waiting];
    const { network, sim } = modem.state;
    const at = centreTime(clock.now(), network.zoneQuarters);
    const own = addressOf(sim.msisdn ?? "");
    const parts =
      "text" in waiting
        ? textParts(waiting.from, at, waiting.text, references++ & 0xff)
        : [
            waiting.as === "report"
              ? report(waiting.submit, at)
              : { ...waiting.submit, kind: "deliver" as const, fo: (waiting.submit.fo & 0x40) | 0x04, from: own, at },
          ];
    return parts.map((tpdu) => ({ tpdu, pdu: encodeMessage(addressOf(sim.centre), tpdu) }));
  };

  const deliverAll = () => {
    while (modem.state.sms.waiting.length > 0) {
      const { state } = modem;
      const [first, ...others] = state.sms.waiting as readonly [Waiting, ...Waiting[]];
      if (!("pdu" in first) || !others.every((each) => "pdu" in each)) {
        // The centre's time stamp is that of its taking the message over.
        modem.update({ sms: { ...state.sms, waiting: state.sms.waiting.flatMap(pdusOf) } });
        continue;
      }
      if (!mayReceive(state) || state.sms.unacknowledged) return;
      const sms = received(state, first.pdu, first.tpdu);
      if (!sms) return;
      modem.update({ sms: { ...sms, waiting: others } });
    }
  };

  /** 3GPP TS 27.005 §3.4.1: without AT+CNMA in time nothing is told as a whole any more, and the network tries again. */
  const giveUp = () => {
    patience = undefined;
    const { sms } = modem.state;
    if (!sms.unacknowledged) return;
    const [mode, , bm, , bfr] = sms.routing;
    modem.update({
      sms: {
        ...sms,
        routing: [mode, 0, bm, 0, bfr],
        waiting: [sms.unacknowledged, ...sms.waiting],
        unacknowledged: undefined,
      },
    });
  };

  const unsubscribe = modem.onChange((now, before) => {
    if (now.power.phase !== before.power.phase && now.power.phase !== "running") {
      const { sms } = modem.state;
      if (sms.routing === FACTORY_ROUTING && sms.held.length === 0 && !sms.unacknowledged) return;
      const again = sms.unacknowledged ? [sms.unacknowledged] : [];
      modem.update({
        sms: {
          ...sms,
          routing: FACTORY_ROUTING,
          held: [],
          waiting: [...again, ...sms.waiting],
          unacknowledged: undefined,
        },
      });
      return;
    }
    if (now.sms.unacknowledged !== before.sms.unacknowledged) {
      patience?.();
      patience = now.sms.unacknowledged && clock.after(ACKNOWLEDGE_MS, giveUp);
    }
    if (now.sms.waiting.length > 0) deliverAll();
  });
  return {
    close() {
      unsubscribe();
      patience?.();
    },
  };
}
