/** Unsolicited result codes of short messages (3GPP TS 27.005 §3.4.1; AT+QINDCFG). */

import { directLines } from "#at/messages/message-lines";
import { lineEnd } from "#at/result";
import { isIndicated } from "#at/urcs/indication";
import { on, type Urc } from "#at/urcs/urc-row";
import { isFull, STORES } from "#modem/sms/message-store";

export const messageUrcs: readonly Urc[] = [
  function arrival(now, before, { session }) {
    const { arrivals } = now.sms;
    if (arrivals === before.sms.arrivals) return [];
    if (!isIndicated(session, now, "all") || !isIndicated(session, now, "smsincoming")) return [];
    return arrivals.map((each) => {
      // Both lines are one result code: nothing comes between them.
      if (each.kind === "direct") return directLines(each.pdu, session).join(lineEnd(session));
      return `${each.kind === "report" ? "+CDSI" : "+CMTI"}: "${each.store}",${each.place}`;
    });
  },
  function full(now, before, { session }) {
    if (now.sms.stores === before.sms.stores) return [];
    if (!isIndicated(session, now, "all") || !isIndicated(session, now, "smsfull")) return [];
    return STORES.flatMap((store) =>
      on(isFull(now.sms, store) && !isFull(before.sms, store), `+QIND: "smsfull","${store}"`),
    );
  },
];
