/** One observed path of one Server, and how it is kept over a reboot. */
import type { Sample, Sent } from "#lwm2m/notification";
import { formatPath, type Path, parsePath } from "#lwm2m/path";
import type { Cancel, Clock } from "#runtime";

export interface Relation {
  readonly token: Buffer;
  readonly path: Path;
  /** The format of the first answer is the format of all (RFC 7641 §4.2). */
  readonly accept: number;
  last: Sent;
  /** The Server has to be told, whatever the value: of a write to an event Resource, or of one not known to have come. */
  happened: boolean;
  /** Monotonic ms of the latest message that the Server is known to have received. */
  heardAtMs: number;
  /** A Confirmable notification waits for its Acknowledgement; the newest value follows it (RFC 7641 §4.5.2). */
  inFlight: boolean;
  timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;
}

/** One relation as plain JSON; token in hex, `news` in Base64. */
export interface RelationRecord {
  readonly token: string;
  /** e.g. "/3/0/9". */
  readonly path: string;
  readonly accept: number;
  /** What the Server was last told; absent = not known. */
  readonly told?:
    | {
        readonly news: string;
        readonly numbers?: readonly number[] | undefined;
        /** Wall clock ms at which it was. */
        readonly atMs?: number | undefined;
      }
    | undefined;
}

export function beginRelation(token: Buffer, path: Path, current: Sample, nowMs: number): Relation {
  const last = sentAt(nowMs, current);
  return {
    token,
    path,
    accept: current.contentFormat,
    last,
    happened: false,
    heardAtMs: nowMs,
    inFlight: false,
    timer: undefined,
  };
}

/** @param isTold whether the Server has been sent all that there was to tell */
export function recordOf(
  { token, path, accept, last }: Relation,
  isTold: boolean,
  clock: Pick<Clock, "now" | "monotonic">,
): RelationRecord {
  const atMs = clock.now() - (clock.monotonic() - last.atMs);
  const told = { news: last.news.toString("base64"), numbers: last.numbers, atMs };
  return { token: token.toString("hex"), path: formatPath(path), accept, ...(isTold && { told }) };
}

/** Its first notification is Confirmable: the Server may have forgotten it. @returns undefined for what is no path. */
export function relationFrom(
  { token, path: text, accept, told }: RelationRecord,
  clock: Pick<Clock, "now" | "monotonic">,
): Relation | undefined {
  const path = parsePath(text);
  // pmin and pmax have gone on meanwhile
  const agoMs = Math.max(clock.now() - (told?.atMs ?? clock.now()), 0);
  return (
    path && {
      token: Buffer.from(token, "hex"),
      path,
      accept,
      last: { news: Buffer.from(told?.news ?? "", "base64"), numbers: told?.numbers, atMs: clock.monotonic() - agoMs },
      happened: told === undefined,
      heardAtMs: Number.NEGATIVE_INFINITY,
      inFlight: false,
      timer: undefined,
    }
  );
}

export function sentAt(atMs: number, { news, numbers }: Sample): Sent {
  return { atMs, news, numbers };
}
