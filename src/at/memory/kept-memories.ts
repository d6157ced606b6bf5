/** Short messages and phonebooks, which a module and its card keep without power. */
import { z } from "zod";
import type { Efs } from "#efs/efs";
import type { Modem } from "#modem/modem";
import { LONGEST_NUMBER, LONGEST_TEXT, PHONEBOOK_CAPACITY } from "#modem/phonebook";
import { CAPACITY, isReceived, type StoredMessage } from "#modem/sms/message-store";
import { PduError } from "#modem/sms/pdu-fields";
import { decodeMessage } from "#modem/sms/tpdu";
import type { ModemState } from "#modem/state";
import type { Log } from "#runtime";

const FILE = "/nv/memories.json";

const isMessage = ({ status, pdu }: StoredMessage) => {
  try {
    decodeMessage(pdu, isReceived(status));
    return true;
  } catch (error) {
    if (error instanceof PduError) return false;
    throw error;
  }
};

const places = <T extends z.ZodType>(content: T, first: number, last: number) =>
  z.record(
    z
      .string()
      .regex(/^(0|[1-9]\d{0,2})$/)
      .refine((place) => Number(place) >= first && Number(place) <= last),
    content,
  );
const message = z
  .object({ status: z.literal([0, 1, 2, 3]), pdu: z.string().max(400) })
  .refine(isMessage, "not a message");
const entry = z.object({
  number: z.string().max(LONGEST_NUMBER),
  type: z.int().min(0).max(255),
  text: z.string().max(LONGEST_TEXT),
});
const schema = z.object({
  messages: z.object({ SM: places(message, 0, CAPACITY.SM - 1), ME: places(message, 0, CAPACITY.ME - 1) }),
  phonebooks: z.object({ SM: places(entry, 1, PHONEBOOK_CAPACITY.SM), ME: places(entry, 1, PHONEBOOK_CAPACITY.ME) }),
});

type Kept = Pick<ModemState, "sms" | "phonebooks">;

/** @returns what was kept; empty memories, with a line in the log, where the file makes no sense. */
export function readMemories(efs: Efs, { sms, phonebooks }: Kept, log: Log): Kept {
  const empty = { sms, phonebooks };
  const lost = (reason: string) => {
    log.error({ place: FILE, reason }, "short messages and phonebooks lost: the memories are empty");
    return empty;
  };
  let parsed: unknown;
  try {
    const content = efs.read(FILE);
    if (!content) return empty;
    parsed = JSON.parse(content.toString("utf8"));
  } catch (error) {
    return lost(error instanceof SyntaxError ? "not JSON" : (error as Error).message);
  }
  const { success, data, error } = schema.safeParse(parsed);
  if (!success) return lost(`${error.issues[0]?.path.join(".") ?? ""} ${error.issues[0]?.message ?? ""}`.trim());
  return { sms: { ...sms, stores: data.messages }, phonebooks: data.phonebooks };
}

/** Writes each change of them, atomically; a disk that refuses costs the change's persistence, with a line in the log. */
export function keepMemories(efs: Efs, modem: Modem, log: Log): void {
  modem.onChange((now, before) => {
    if (now.sms.stores === before.sms.stores && now.phonebooks === before.phonebooks) return;
    try {
      efs.write(FILE, JSON.stringify({ messages: now.sms.stores, phonebooks: now.phonebooks }));
    } catch (err) {
      log.error({ err }, "short messages and phonebooks could not be kept");
    }
  });
}
