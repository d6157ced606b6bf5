/** How a terminal and its host keep pace. */

export interface Flow {
  /** Whether so much waits for the host to read that no more should be said now. */
  readonly full: boolean;
  /** @returns a function that ends the subscription. */
  onRoom(handler: () => void): () => void;
  /** Makes the host wait with what it sends, or lets it go on. */
  hold(held: boolean): void;
}

/** Of a line that takes everything at once. */
export const BOUNDLESS: Flow = { full: false, onRoom: () => () => {}, hold() {} };
