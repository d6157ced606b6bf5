/** Bytes from the host become command lines: echo, prefix, editing, termination and repetition (ITU-T V.250 §5.2). */
import type { Session } from "#at/session";

/** Characters between the prefix and the terminator; AT+QLWM2M="ulhex" needs 2920 for its data alone. */
export const MAX_LINE_LENGTH = 4096;

export type LineEvent =
  /** The text after the prefix, as latin1. */
  | { readonly kind: "line"; readonly text: string }
  /** A/ : the previous line again, at once. */
  | { readonly kind: "repeat" }
  /** A line longer than MAX_LINE_LENGTH has ended; it is lost. */
  | { readonly kind: "tooLong" };

export interface LineEditor {
  /** Takes one byte and echoes it. @returns an event when the byte completes a line. */
  push(byte: number): LineEvent | undefined;
  /** Whether a line has begun and not ended. */
  readonly typing: boolean;
  /** Drops a line begun. */
  reset(): void;
}

/**
 * ```
 *              A             T            CR
 *   waiting ──────▶ prefix ──────▶ text ──────▶ waiting (a line)
 *      ▲  ╲ other     │ ╲ /                 │ too long
 *      │ CR ▼         │  ╰──▶ waiting (A/)  ▼
 *      ╰── noise ◀────╯ other              lost ── CR ──▶ waiting
 * ```
 * In noise a prefix begins a line too, but A/ does not repeat.
 */
type Phase = "waiting" | "noise" | "prefix" | "text" | "lost";

const LF = 0x0a;
const DEL = 0x7f;
const SLASH = 0x2f;
const ERASED = Buffer.from("\b \b", "latin1");

const isLetter = (byte: number, letter: string) => (byte | 0x20) === letter.charCodeAt(0);

export function createLineEditor(session: Pick<Session, "echo" | "s">, output: (bytes: Buffer) => void): LineEditor {
  let phase: Phase = "waiting";
  /** The A of a prefix stood first on its line. */
  let first = true;
  let text = "";

  const echo = (bytes: Buffer) => {
    if (session.echo) output(bytes);
  };
  const reset = () => {
    phase = "waiting";
    text = "";
  };
  const end = (): LineEvent | undefined => {
    const ended = phase;
    const line = text;
    reset();
    if (ended === "lost") return { kind: "tooLong" };
    return ended === "text" ? { kind: "line", text: line } : undefined;
  };

  const begin = (byte: number): LineEvent | undefined => {
    if (byte <= 0x20 && phase !== "prefix") return undefined;
    if (byte < 0x20 || byte > 0x7e) return undefined; // noise of the line itself
    if (isLetter(byte, "a")) {
      if (phase !== "prefix") first = phase === "waiting";
      else first = false;
      phase = "prefix";
    } else if (phase === "prefix" && isLetter(byte, "t")) {
      phase = "text";
    } else if (phase === "prefix" && byte === SLASH && first) {
      reset();
      return { kind: "repeat" };
    } else {
      phase = "noise";
    }
    return undefined;
  };

  return {
    get typing() {
      return phase === "prefix" || phase === "text" || phase === "lost";
    },
    reset,
    push(byte) {
      // The terminator is looked for before the editing character, V.250 §5.2.2.
      if (byte === session.s[3]) {
        echo(Buffer.of(byte));
        return end();
      }
      if (byte === LF) return undefined;
      if (byte === session.s[5] || byte === DEL) {
        // What lies before the text stays: an erased prefix would leave the rest of the line as noise.
        if (phase !== "text" || text === "") return undefined;
        text = text.slice(0, -1);
        echo(ERASED);
        return undefined;
      }
      echo(Buffer.of(byte));
      if (phase === "lost") return undefined;
      if (phase !== "text") return begin(byte);
      if (byte < 0x20) return undefined; // V.250 §5.2.2: other control characters are ignored
      if (text.length === MAX_LINE_LENGTH) {
        phase = "lost";
        text = "";
        return undefined;
      }
      text += String.fromCharCode(byte);
      return undefined;
    },
  };
}
