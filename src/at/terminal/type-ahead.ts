/** What a host has typed before it could be read as lines. */

export interface TypeAhead {
  readonly bytes: Buffer;
  add(bytes: Buffer): void;
  /** Replaces all of it. */
  set(bytes: Buffer): void;
}

/** The host is made to wait beyond so many bytes; a few more are on their way then. */
const HOLD_ABOVE = 65_536;
/** What comes beyond is lost, as in a UART's buffer: of a host that cannot be made to wait. */
export const TYPE_AHEAD_LIMIT = 524_288;

/** @param hold makes the host wait, or lets it go on */
export function createTypeAhead(hold: (held: boolean) => void): TypeAhead {
  let kept: Buffer = Buffer.alloc(0);
  let held = false;
  const set = (bytes: Buffer) => {
    kept = bytes.subarray(0, TYPE_AHEAD_LIMIT);
    const wanted = kept.length > HOLD_ABOVE;
    if (wanted === held) return;
    held = wanted;
    hold(wanted);
  };
  return {
    get bytes() {
      return kept;
    },
    add: (bytes) => set(kept.length > 0 ? Buffer.concat([kept, bytes]) : bytes),
    set,
  };
}
