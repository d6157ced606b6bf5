/** Which records of a DTLS epoch have been received already (RFC 6347 §4.1.2.6). */

export interface ReplayWindow {
  mayReceive(sequenceNumber: number): boolean;
  markAsReceived(sequenceNumber: number): void;
}

const WINDOW_RECORDS = 64;

/** However far ahead a record is, if it is authentic the window follows it. */
export function createReplayWindow(): ReplayWindow {
  const slots = new Array<number>(WINDOW_RECORDS).fill(-1);
  let highest = -1;
  return {
    mayReceive(sequenceNumber) {
      if (sequenceNumber > highest) return true;
      return sequenceNumber > highest - WINDOW_RECORDS && slots[sequenceNumber % WINDOW_RECORDS] !== sequenceNumber;
    },
    markAsReceived(sequenceNumber) {
      slots[sequenceNumber % WINDOW_RECORDS] = sequenceNumber;
      if (sequenceNumber > highest) highest = sequenceNumber;
    },
  };
}
