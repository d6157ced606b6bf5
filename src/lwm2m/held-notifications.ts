/** Notifications that wait for the way to a Server (/1/x/6, Notification Storing When Disabled or Offline). */
import type { Response } from "#coap/message";
import type { Content } from "#lwm2m/format/content";
import type { Relation } from "#lwm2m/relation";

/** A value, or the end of the relation. */
export type Held = { readonly relation: Relation } & ({ readonly content: Content } | { readonly end: Response });

export interface HeldNotifications {
  /** @returns the oldest one, where it had to make room */
  add(notification: Held): Held | undefined;
  has(relation: Relation): boolean;
  drop(relation: Relation): void;
  /** Hands them out, the oldest first, and keeps none; `isLast`: no later one is of the same relation. */
  release(send: (notification: Held, isLast: boolean) => void): void;
}

/** For one Server; their number "is up to the implementation" (OMA TS 1.0.2 Appendix E.2). */
const MAX_HELD = 32;

export function createHeldNotifications(): HeldNotifications {
  let held: Held[] = [];
  return {
    add(notification) {
      held.push(notification);
      return held.length > MAX_HELD ? held.shift() : undefined;
    },
    has: (relation) => held.some((each) => each.relation === relation),
    drop(relation) {
      if (held.length > 0) held = held.filter((each) => each.relation !== relation);
    },
    release(send) {
      const due = held;
      held = [];
      due.forEach((notification, index) => {
        send(notification, !due.some((other, at) => at > index && other.relation === notification.relation));
      });
    },
  };
}
