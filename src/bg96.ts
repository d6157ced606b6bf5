/** One modem put together: the only file that knows every folder. */
import type { Config } from "#config";
import type { ClientStatus } from "#lwm2m/client";
import type { Modem } from "#modem/modem";
import type { Runtime } from "#runtime";

export interface Bg96 {
  /** The link to the AT port. */
  readonly tty: string;
  readonly modem: Modem;
  readonly client: ClientStatus;
  /** Every +QLWEVENT as it happens: 0-5. */
  onEvent(watcher: (event: number, name: string) => void): () => void;
  /** De-registers (at most 5 s), removes the link, ends everything. Idempotent. */
  close(): Promise<void>;
  /** The same without de-registering: power loss. */
  kill(): void;
}

/** @param runDirectory where the link goes when the configuration names none, and a fresh EFS likewise. */
export declare function openBg96(config: Config, runtime: Runtime, runDirectory: string): Promise<Bg96>;
