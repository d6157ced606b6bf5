/**
 * Observations of one Server: who watches what, and when a Notify is due (OMA TS 1.0.2 §5.5, RFC 7641).
 *
 * The Client makes one per registration:
 *
 *   const observations = createObservations({ shortServerId, registry, access, attributes, modem, runtime,
 *     notify: session.notify, onDue: () => session.wake(),
 *     onRelation: ({ token, path, cancelled }) => … +QLWOBSERVE … });
 *
 * hands it to `serve` in the context, says with `setWay` whether the Server can be reached, and calls `close()` at the
 * end. It watches registry, attributes and modem itself; a change is reviewed by a clock task of 0 ms (after the answer
 * to the request that made it), a write to an `event` Resource at once.
 */
import type { NotificationOutcome } from "#coap/endpoint";
import { CoapError, type Response, type ResponseCode } from "#coap/message";
import type { Access } from "#lwm2m/access";
import type { Attributes } from "#lwm2m/attributes";
import { type Content, encodeNode } from "#lwm2m/format/content";
import { createHeldNotifications, type Held } from "#lwm2m/held-notifications";
import { nextNotify, type Sample, takeSample } from "#lwm2m/notification";
import { formatPath, isWithin, type Path } from "#lwm2m/path";
import type { Registry, RegistryChange } from "#lwm2m/registry";
import { beginRelation, type Relation, type RelationRecord, recordOf, relationFrom, sentAt } from "#lwm2m/relation";
import type { Modem } from "#modem/modem";
import type { Cancel, Runtime } from "#runtime";

/** What +QLWOBSERVE is printed from. */
export interface RelationChange {
  readonly token: Buffer;
  /** e.g. "/19/0/0". */
  readonly path: string;
  readonly cancelled: boolean;
}

/**
 * `open`: what is due is sent at once. `asleep`: it is kept, and wakes the device (Queue mode). `offline`: it is kept.
 * What is kept is sent when the way is open; where /1/x/6 says so, nothing is kept.
 */
export type Way = "open" | "asleep" | "offline";

export interface ObservationsOptions {
  readonly shortServerId: number;
  readonly registry: Registry;
  readonly access: Access;
  readonly attributes: Attributes;
  readonly modem: Modem;
  readonly runtime: Runtime;
  /** ServerSession.notify. */
  notify(
    token: Buffer,
    response: Response,
    confirmable: boolean,
    onOutcome: (outcome: NotificationOutcome) => void,
  ): void;
  onRelation?(change: RelationChange): void;
  /** Every notification is Confirmable, but for an event while one is on its way; otherwise one a day is. */
  readonly confirmable?: boolean;
  /** There is something to send, but the device is asleep. */
  onDue?(): void;
  /** Beyond it an Observe is answered as a plain Read (RFC 7641 §4.1); 64 by default. */
  readonly maxRelations?: number;
}

export interface Observations {
  readonly relations: readonly { readonly token: Buffer; readonly path: string }[];
  /** Begins (or, with a token in use, replaces) a relation. @returns the 2.05 with its Observe option. @throws CoapError as Read does. */
  observe(token: Buffer, path: Path, accept: number | undefined): Response;
  /** @returns false when there was no such relation. */
  cancel(token: Buffer): boolean;
  setWay(way: Way): void;
  dump(): readonly RelationRecord[];
  /** Takes relations up again (after a reboot); reports none of them. What was not told, or has changed, is due. */
  restore(records: readonly RelationRecord[]): void;
  /** Ends all relations silently, timers and subscriptions. Idempotent. */
  close(): void;
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
  const held = createHeldNotifications();
  let latestNumber = 0;
  let way: Way = "open";
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
    // of values the newest comes after the Acknowledgement, of events each one
    if (closed || (relation.inFlight && !relation.happened) || relations.get(keyOf(relation.token)) !== relation)
      return;
    const nowMs = clock.monotonic();
    const current = sample(relation);
    if (!current) return;
    const limits = attributes.effective(shortServerId, relation.path);
    const due = nextNotify(relation.last, current, limits, nowMs, relation.happened);
    if (due === "now") {
      deliver(relation, current, nowMs);
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

  /** Sends the value, keeps it for later, or drops it; either way the next one counts from now. */
  function deliver(relation: Relation, current: Sample, nowMs: number): void {
    const { happened } = relation;
    relation.last = sentAt(nowMs, current);
    relation.happened = false;
    if (way === "open") send(relation, current, isConfirmDue(relation));
    // what a host sends up on its own wakes the device, whatever the Server wants kept
    else if ((way === "asleep" && happened) || storesNotifications()) hold({ relation, content: current });
  }

  function send(relation: Relation, { contentFormat, payload }: Content, confirmable: boolean): void {
    if (confirmable) relation.inFlight = true;
    const response: Response = { code: "2.05", observe: nextNumber(), contentFormat, payload };
    options.notify(relation.token, response, confirmable, (outcome) => onOutcome(relation, outcome));
  }

  function isConfirmDue({ inFlight, heardAtMs }: Relation): boolean {
    return !inFlight && (options.confirmable === true || clock.monotonic() - heardAtMs >= CONFIRM_EVERY_MS);
  }

  function hold(notification: Held): void {
    const lost = held.add(notification);
    if (lost)
      log.warn(
        { server: shortServerId, path: formatPath(lost.relation.path) },
        "a stored notification is lost: too many wait",
      );
    if (way === "asleep") options.onDue?.();
  }

  function release(notification: Held, isLast: boolean): void {
    const { relation } = notification;
    if ("end" in notification) sendEnd(relation, notification.end);
    else send(relation, notification.content, isLast && isConfirmDue(relation));
  }

  function onOutcome(relation: Relation, outcome: NotificationOutcome): void {
    if (relations.get(keyOf(relation.token)) !== relation) return;
    if (outcome === "sent") return;
    relation.inFlight = false;
    if (outcome === "acknowledged") {
      relation.heardAtMs = clock.monotonic();
      reviewSoon();
      return;
    }
    const ended = { server: shortServerId, path: formatPath(relation.path), token: relation.token.toString("hex") };
    if (outcome === "reset") log.info(ended, "an observation has ended: the server answered it by Reset");
    else log.warn(ended, "an observation has ended: the server does not acknowledge");
    forget(relation, true); // RFC 7641 §4.5: the Server is not interested, or not there
  }

  /** Tells the Server that it is over (RFC 7641 §4.2). */
  function end(relation: Relation, code: ResponseCode, why: string): void {
    forget(relation, true);
    const response: Response = { code, payload: Buffer.from(why) };
    if (way === "open") sendEnd(relation, response);
    else if (storesNotifications()) hold({ relation, end: response });
  }

  /** Confirmable, without an Observe option. */
  function sendEnd({ token }: Relation, response: Response): void {
    options.notify(token, response, true, () => {});
  }

  function forget(relation: Relation, report: boolean): void {
    relations.delete(keyOf(relation.token));
    relation.timer?.cancel();
    relation.timer = undefined;
    held.drop(relation);
    if (report) options.onRelation?.({ token: relation.token, path: formatPath(relation.path), cancelled: true });
  }

  /** RFC 7641 §4.4: taken from the clock (ms), so that they rise over a reboot, too. */
  function nextNumber(): number {
    latestNumber = Math.max(latestNumber + 1, clock.now());
    return latestNumber & SEQUENCE_MASK;
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
      relations.set(keyOf(token), beginRelation(token, path, current, nowMs));
      if (!continues) options.onRelation?.({ token, path: formatPath(path), cancelled: false });
      reviewSoon(); // plans pmax
      const { contentFormat, payload } = current;
      return { code: "2.05", observe: nextNumber(), contentFormat, payload };
    },

    cancel(token) {
      const relation = relations.get(keyOf(token));
      if (relation) forget(relation, true);
      return relation !== undefined;
    },
    setWay(next) {
      if (next === way) return;
      way = next;
      if (way !== "open") return;
      held.release(release);
      reviewSoon();
    },

    dump: () =>
      [...relations.values()].map((relation) =>
        recordOf(relation, !relation.happened && !relation.inFlight && !held.has(relation), clock),
      ),

    restore(records) {
      for (const record of records) {
        const relation = relationFrom(record, clock);
        if (relation && relations.size < (options.maxRelations ?? MAX_RELATIONS)) {
          relations.set(keyOf(relation.token), relation);
        }
      }
      reviewSoon();
    },

    close() {
      closed = true;
      for (const relation of [...relations.values()]) forget(relation, false);
      reviewing?.();
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

function keyOf(token: Buffer): string {
  return token.toString("latin1");
}
