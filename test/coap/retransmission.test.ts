/** What the order of a whole endpoint's messages does not show of those on their way out (RFC 7252 §4). */
import { expect, it } from "vitest";
import { DEFAULT_TRANSMISSION } from "#coap/endpoint";
import { createRetransmission } from "#coap/retransmission";
import { createManualClock, createSeededRandom } from "../support/manual-clock.ts";

it("a message ID in flight is passed over when the count comes round to it again", () => {
  const counted = [7, 7, 8];
  const sent: number[] = [];
  const retransmission = createRetransmission({
    clock: createManualClock(),
    random: createSeededRandom(1),
    parameters: { ...DEFAULT_TRANSMISSION, nstart: 2 },
    nextMessageId: () => counted.shift()!,
    send: (datagram) => sent.push(datagram.readUInt16BE(2)),
  });
  for (let i = 0; i < 2; i++) retransmission.submit(Buffer.alloc(4), () => {});
  expect(sent).toEqual([7, 8]);
});
