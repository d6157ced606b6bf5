/** The LwM2M Client as the terminal, the operator and the composition see it. */

/** How far one LwM2M Server's account has come. */
export interface ServerStatus {
  readonly shortServerId: number;
  readonly uri: string;
  /** Of the registration; "asleep" while Queue mode has the device deaf. */
  readonly state: string;
  readonly location: string | undefined;
  readonly lifetimeS: number;
  /** Wall clock ms of the next Update, if one is planned. */
  readonly nextUpdateAtMs: number | undefined;
}

export interface ClientStatus {
  readonly running: boolean;
  readonly endpoint: string;
  readonly servers: readonly ServerStatus[];
}

/** A request of the host that cannot be met now; "what: why". AT answers a bare ERROR. */
export class ClientError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ClientError";
  }
}

export interface Client {
  readonly status: ClientStatus;
  /** Starts bootstrap or registration; `automatic` also sets autostart. Already running: no change. @throws ClientError */
  register(automatic: boolean): void;
  /** Sends an Update to one Server (0 = all). @throws ClientError when the id is unknown or nothing is registered. */
  update(shortServerId: number, withObjects: boolean): void;
  /** De-registers from all Servers and stops; resolves when answered or given up (at most `withinMs`). @throws ClientError when not running. */
  deregister(withinMs?: number): Promise<void>;
  /** Writes Lifetime of one Server account; while it does not run, of the persistent one. @throws ClientError when the id is unknown. */
  setLifetime(shortServerId: number, lifetimeS: number): void;
  /** Puts uplink data into the Resource for it (/19/0/0, /10250/0/0, /26241/0/0), which notifies its observers. @throws ClientError */
  uplink(objectId: number, data: Buffer | string): void;
  /** Stops at once, without de-registering (power loss, CFUN=1,1 with kept registration). Idempotent. */
  halt(): void;
}
