/**
 * Observations of one Server: who watches what, and when a Notify is due (OMA TS 1.0.2 §5.5, RFC 7641).
 *
 * The Client makes one per Server link:
 *
 *   const observations = createObservations({ shortServerId, registry, access, attributes, modem, runtime,
 *     notify: (token, response, confirmable, onOutcome) => endpoint.notify(token, response, confirmable, onOutcome),
 *     onRelation: ({ token, path, cancelled }) => … +QLWOBSERVE … });
 *
 * hands it to `serve` in the context, calls `clear()` before each Register and when a bootstrap begins, and `close()`
 * at the end. It watches registry, attributes and modem itself; a change is reviewed by a clock task of 0 ms (after the
 * answer to the request that made it), a write to an `event` Resource at once.
 */
import type { NotificationOutcome } from "#coap/endpoint";
import { CoapError, type Response, type ResponseCode } from "#coap/message";
import type { Access } from "#lwm2m/access";
import type { Attributes } from "#lwm2m/attributes";
import { encodeNode } from "#lwm2m/format/content";
import { nextNotify, type Sample, type Sent, takeSample } from "#lwm2m/notification";
import { formatPath, isWithin, type Path, parsePath } from "#lwm2m/path";
import type { Registry, RegistryChange } from "#lwm2m/registry";
import type { Modem } from "#modem/modem";
import type { Cancel, Runtime } from "#runtime";

/** What +QLWOBSERVE is printed from. */
export interface RelationChange {
  readonly token: Buffer;
  /** e.g. "/19/0/0". */
  readonly path: string;
  readonly cancelled: boolean;
}

/** One relation as plain JSON; token in hex, what observers compare in Base64. */
export interface RelationRecord {
  readonly token: string;
  readonly path: string;
  readonly accept: number;
  readonly news: string;
  readonly numbers?: readonly number[];
}
export interface ObservationsRecord {
  readonly sequence: number;
  readonly relations: readonly RelationRecord[];
}

export interface ObservationsOptions {
  readonly shortServerId: number;
  readonly registry: Registry;
  readonly access: Access;
  readonly attributes: Attributes;
  readonly modem: Modem;
  readonly runtime: Runtime;
  /** Endpoint.notify. */
  notify(
    token: Buffer,
    response: Response,
    confirmable: boolean,
    onOutcome: (outcome: NotificationOutcome) => void,
  ): void;
  onRelation?(change: RelationChange): void;
  /** Beyond it an Observe is answered as a plain Read (RFC 7641 §4.1); 64 by default. */
  readonly maxRelations?: number;
}

export interface Observations {
  readonly relations: readonly { readonly token: Buffer; readonly path: string }[];
  /** Begins (or, with a token in use, replaces) a relation. @returns the 2.05 with its Observe option. @throws CoapError as Read does. */
  observe(token: Buffer, path: Path, accept: number | undefined): Response;
  /** @returns false when there was no such relation. */
  cancel(token: Buffer): boolean;
  /** Ends all relations; each is reported as cancelled unless `silently`. */
  clear(silently?: boolean): void;
  /** Nothing is sent until `resume`; then, if /1/x/6 says that notifications are stored, the newest values are. */
  pause(): void;
  resume(): void;
  /** Re-reads everything now and sends what is due. */
  review(): void;
  dump(): ObservationsRecord;
  /** Takes relations up again (after a reboot); reports none of them. Unknown paths are dropped. */
  restore(record: ObservationsRecord): void;
  /** Ends all relations silently, timers and subscriptions. Idempotent. */
  close(): void;
}

interface Relation {
  readonly token: Buffer;
  readonly path: Path;
  /** The format of the first answer is the format of all (RFC 7641 §4.2). */
  readonly accept: number;
  last: Sent;
  /** A write to an event Resource since the last notification. */
  happened: boolean;
  /** Monotonic ms of the latest message that the Server is known to have received. */
  heardAtMs: number;
  /** A Confirmable notification waits for its Acknowledgement; the newest value follows it (RFC 7641 §4.5.2). */
  inFlight: boolean;
  timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;
}

/** A Confirmable notification at least this often (RFC 7641 §4.5). */
const CONFIRM_EVERY_MS = 24 * 60 * 60 * 1000;
/** Observe numbers are 24-bit (RFC 7641 §3.4). */
const SEQUENCE_MASK = 0xff_ff_ff;
const MAX_RELATIONS = 64;

export function createObservations(options: ObservationsOptions): Observations {
  const { shortServerId, registry, access, attributes, modem, runtime } = options;
  const { clock, log } = runtime;
  const relations = new Map<string, Relation>();
  let sequence = 0;
  let paused = false;
  let closed = false;
  let reviewing: Cancel | undefined;

  const subscriptions = [
    modem.onChange(reviewSoon),
    registry.onChange(onRegistryChange),
    attributes.onChange(reviewSoon),
  ];

  function onRegistryChange(change: RegistryChange): void {
    const { objectId, resourceId } = change.path;
    for (const relation of relations.values()) {
      if (change.kind === "deleted" && isWithin(relation.path, change.path)) {
        end(relation, "4.04", "observed instance: deleted");
      } else if (change.kind === "written" && objectId !== undefined && resourceId !== undefined) {
        const row = registry.row(objectId, resourceId);
        if (row && "event" in row && row.event && isWithin(change.path, relation.path)) {
          relation.happened = true;
          consider(relation);
        }
      }
    }
    reviewSoon();
  }

  function reviewSoon(): void {
    if (relations.size === 0) return;
    reviewing ??= clock.after(0, () => {
      reviewing = undefined;
      review();
    });
  }

  function review(): void {
    for (const relation of [...relations.values()]) consider(relation);
  }

  /** Reads, compares, and sends or plans. */
  function consider(relation: Relation): void {
    if (paused || closed || relation.inFlight || relations.get(keyOf(relation.token)) !== relation) return;
    const nowMs = clock.monotonic();
    const current = sample(relation);
    if (!current) return;
    const limits = attributes.effective(shortServerId, relation.path);
    const due = nextNotify(relation.last, current, limits, nowMs, relation.happened);
    if (due === "now") {
      send(relation, current, nowMs);
      const later = nextNotify(relation.last, current, limits, nowMs, false);
      plan(relation, typeof later === "object" ? later.atMs : undefined);
    } else {
      plan(relation, due === "never" ? undefined : due.atMs);
    }
  }

  /** @returns undefined when the target can no longer be read, which ends the relation. */
  function sample(relation: Relation): Sample | undefined {
    try {
      return takeSample(registry, access.read(shortServerId, relation.path), relation.path, relation.accept);
    } catch (error) {
      if (!(error instanceof CoapError))
        log.error({ err: error, path: formatPath(relation.path) }, "an observed path could not be read");
      end(relation, error instanceof CoapError ? error.code : "5.00", (error as Error).message);
      return undefined;
    }
  }

  function plan(relation: Relation, atMs: number | undefined): void {
    if (relation.timer?.atMs === atMs) return;
    relation.timer?.cancel();
    relation.timer = undefined;
    if (atMs === undefined) return;
    const cancel = clock.after(atMs - clock.monotonic(), () => {
      relation.timer = undefined;
      consider(relation);
    });
    relation.timer = { atMs, cancel };
  }

  function send(relation: Relation, current: Sample, nowMs: number): void {
    const confirmable = nowMs - relation.heardAtMs >= CONFIRM_EVERY_MS;
    relation.last = sentAt(nowMs, current);
    relation.happened = false;
    relation.inFlight = confirmable;
    const { contentFormat, payload } = current;
    const response: Response = { code: "2.05", observe: nextSequence(), contentFormat, payload };
    options.notify(relation.token, response, confirmable, (outcome) => onOutcome(relation, outcome));
  }

  function onOutcome(relation: Relation, outcome: NotificationOutcome): void {
    if (relations.get(keyOf(relation.token)) !== relation) return;
    relation.inFlight = false;
    if (outcome === "reset" || outcome === "timeout") {
      forget(relation, true); // RFC 7641 §4.5: the Server is not interested, or not there
      return;
    }
    if (outcome === "acknowledged") {
      relation.heardAtMs = clock.monotonic();
      reviewSoon();
    }
  }

  /** Tells the Server that it is over (RFC 7641 §4.2): Confirmable, without an Observe option. */
  function end(relation: Relation, code: ResponseCode, why: string): void {
    forget(relation, true);
    if (!paused) options.notify(relation.token, { code, payload: Buffer.from(why) }, true, () => {});
  }

  function forget(relation: Relation, report: boolean): void {
    relations.delete(keyOf(relation.token));
    relation.timer?.cancel();
    relation.timer = undefined;
    if (report) options.onRelation?.({ token: relation.token, path: formatPath(relation.path), cancelled: true });
  }

  function nextSequence(): number {
    sequence = (sequence + 1) & SEQUENCE_MASK;
    return sequence;
  }

  function clear(silently = false): void {
    for (const relation of [...relations.values()]) forget(relation, !silently);
  }

  function storesNotifications(): boolean {
    const account = registry.instances(1).find((id) => registry.value(1, id, 0) === shortServerId);
    return account === undefined || registry.value(1, account, 6) !== false;
  }

  return {
    get relations() {
      return [...relations.values()].map(({ token, path }) => ({ token, path: formatPath(path) }));
    },

    observe(token, path, accept) {
      const node = access.read(shortServerId, path);
      const before = relations.get(keyOf(token));
      if (closed || (!before && relations.size >= (options.maxRelations ?? MAX_RELATIONS))) {
        return { code: "2.05", ...encodeNode(node, accept, path) };
      }
      const current = takeSample(registry, node, path, accept);
      const nowMs = clock.monotonic();
      const continues = before !== undefined && formatPath(before.path) === formatPath(path);
      if (before) forget(before, !continues);
      const relation: Relation = {
        token,
        path,
        accept: current.contentFormat,
        last: sentAt(nowMs, current),
        happened: false,
        heardAtMs: nowMs,
        inFlight: false,
        timer: undefined,
      };
      relations.set(keyOf(token), relation);
      if (!continues) options.onRelation?.({ token, path: formatPath(path), cancelled: false });
      reviewSoon(); // plans pmax
      const { contentFormat, payload } = current;
      return { code: "2.05", observe: nextSequence(), contentFormat, payload };
    },

    cancel(token) {
      const relation = relations.get(keyOf(token));
      if (relation) forget(relation, true);
      return relation !== undefined;
    },
    clear,
    pause() {
      paused = true;
    },
    resume() {
      if (!paused) return;
      paused = false;
      if (!storesNotifications()) {
        for (const relation of [...relations.values()]) {
          const current = sample(relation);
          if (current) relation.last = sentAt(clock.monotonic(), current);
          relation.happened = false;
        }
      }
      reviewSoon();
    },
    review,

    dump() {
      return {
        sequence,
        relations: [...relations.values()].map(({ token, path, accept, last }) => ({
          token: token.toString("hex"),
          path: formatPath(path),
          accept,
          news: last.news.toString("base64"),
          ...(last.numbers && { numbers: last.numbers }),
        })),
      };
    },

    restore(record) {
      const nowMs = clock.monotonic();
      sequence = record.sequence & SEQUENCE_MASK;
      for (const { token, path: text, accept, news, numbers } of record.relations) {
        const path = parsePath(text);
        if (!path || relations.size >= (options.maxRelations ?? MAX_RELATIONS)) continue;
        const relation: Relation = {
          token: Buffer.from(token, "hex"),
          path,
          accept,
          last: { news: Buffer.from(news, "base64"), numbers, atMs: nowMs },
          happened: false,
          heardAtMs: nowMs,
          inFlight: false,
          timer: undefined,
        };
        relations.set(keyOf(relation.token), relation);
      }
      reviewSoon();
    },

    close() {
      closed = true;
      clear(true);
      reviewing?.();
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

function sentAt(atMs: number, { news, numbers }: Sample): Sent {
  return { atMs, news, numbers };
}

function keyOf(token: Buffer): string {
  return token.toString("latin1");
}
