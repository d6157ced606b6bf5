/** What an update keeps over a loss of power, as one file a machine in the module's file tree. */
import type { z } from "zod";
import type { Efs } from "#efs/efs";
import type { Log } from "#runtime";

export interface RecordFile<T> {
  /** @returns undefined when nothing usable is kept, with a line in the log if something was. */
  load(): T | undefined;
  /** Atomic; a disk that refuses costs the record, with a line in the log. @returns whether it is kept */
  save(value: T): boolean;
}

export function createRecordFile<T>(efs: Efs, path: string, schema: z.ZodType<T>, log: Log): RecordFile<T> {
  return {
    load() {
      try {
        const content = efs.read(path);
        if (content === undefined) return undefined;
        return schema.parse(JSON.parse(content.toString("utf8")));
      } catch {
        log.error({ path }, "what was kept of an update makes no sense: begun anew");
        return undefined;
      }
    },
    save(value) {
      try {
        efs.write(path, JSON.stringify(value));
        return true;
      } catch (err) {
        log.error({ err }, "an update could not be kept");
        return false;
      }
    },
  };
}
