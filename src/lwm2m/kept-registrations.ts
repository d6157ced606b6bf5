/** Registrations that outlive a reboot (PER_REGSTATUS_FEAT of lwm2m_cfg), with what the Servers have set up in them. */
import { z } from "zod";
import type { Store } from "#efs/store";
import type { Account } from "#lwm2m/accounts";
import type { AttributeRecord } from "#lwm2m/attributes";
import type { Grant } from "#lwm2m/registration-requests";
import type { RelationRecord } from "#lwm2m/relation";
import type { Clock, Log } from "#runtime";

export interface KeptRegistration {
  readonly shortServerId: number;
  readonly uri: string;
  readonly grant: Grant;
  readonly relations: readonly RelationRecord[];
  readonly attributes: readonly AttributeRecord[];
}

export interface KeptRegistrations {
  /** The Client starts. Unless told to keep, what there is goes, and nothing is kept. */
  begin(keep: boolean): void;
  /** What was kept for this account under this name, if its lifetime lasts still. */
  find(account: Account, endpoint: string): KeptRegistration | undefined;
  /** Written at once, so that a Server's request is answered only after what it changed is on disk. */
  changed(): void;
  /** The Client stops, its registrations go on: the values last told are written, too. @returns whether any are kept */
  end(): boolean;
  /** The accounts are others now. */
  forget(): void;
}

export interface KeptRegistrationsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Those that hold now. */
  current(): readonly KeptRegistration[];
}

const STORED_AS = "registrations";

const seconds = z.number().nonnegative();
const attributes = z.object({ pmin: seconds, pmax: seconds, gt: z.number(), lt: z.number(), st: z.number() }).partial();
const number = z.custom<number>((value) => typeof value === "number");
const schema = z.array(
  z.object({
    shortServerId: z.int(),
    uri: z.string(),
    grant: z.object({
      endpoint: z.string(),
      localPort: z.int().min(0).max(65535),
      location: z.array(z.string()),
      expiresAtMs: z.number(),
      lifetimeS: z.number(),
      binding: z.string(),
      objects: z.string(),
    }),
    relations: z.array(
      z.object({
        token: z.string().regex(/^([0-9a-f]{2}){0,8}$/),
        path: z.string(),
        accept: z.int(),
        told: z
          .object({ news: z.base64(), numbers: z.array(number).optional(), atMs: z.number().optional() })
          .optional(),
      }),
    ),
    attributes: z.array(z.object({ shortServerId: z.int(), path: z.string(), attributes })),
  }),
);

export function createKeptRegistrations(options: KeptRegistrationsOptions): KeptRegistrations {
  const { store, clock, log } = options;
  let found: readonly KeptRegistration[] = [];
  let keeps = false;
  /** Whether there must be a file: if it has gone, the host has reset it, and it stays away until the next start. */
  let written = false;

  const read = (): readonly KeptRegistration[] => {
    const stored = store.load(STORED_AS);
    if (stored === undefined) return [];
    const { success, data } = schema.safeParse(stored);
    if (success) return data as readonly KeptRegistration[];
    store.setAside(STORED_AS);
    return [];
  };

  const attempt = (task: () => void) => {
    try {
      task();
    } catch (err) {
      log.error({ err }, "the registrations could not be kept in /datatx/lwm2m");
    }
  };

  const write = (registrations: readonly KeptRegistration[]) => {
    if (!keeps) return;
    if (written && !store.has(STORED_AS)) {
      keeps = false;
      return;
    }
    attempt(() => {
      if (registrations.length > 0) store.save(STORED_AS, registrations);
      else store.remove(STORED_AS);
      written = registrations.length > 0;
    });
  };

  return {
    begin(keep) {
      keeps = keep;
      found = keep ? read() : [];
      written = found.length > 0;
      if (!keep) attempt(() => store.remove(STORED_AS));
    },
    find: (account, endpoint) =>
      found.find(
        (each) =>
          each.shortServerId === account.shortServerId &&
          each.uri === account.uri &&
          each.grant.endpoint === endpoint &&
          each.grant.expiresAtMs > clock.now(),
      ),
    changed() {
      // what is told from now on is not written: after a sudden end all is told anew
      if (keeps) write(options.current().map((each) => ({ ...each, relations: each.relations.map(untold) })));
    },
    end() {
      if (keeps) write(options.current());
      const isKept = keeps && written;
      keeps = false;
      return isKept;
    },
    forget() {
      found = [];
      write([]);
    },
  };
}

const untold = ({ told: _, ...relation }: RelationRecord): RelationRecord => relation;
