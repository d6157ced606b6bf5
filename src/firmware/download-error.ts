/** Why a package could not be had or used; each Object has a result number of its own for it. */
export type DownloadFault = "flash" | "ram" | "connection" | "integrity" | "unsupported" | "uri" | "protocol";

/** One, and what to tell of it. */
export interface DownloadProblem {
  readonly fault: DownloadFault;
  readonly message: string;
}

export class DownloadError extends Error implements DownloadProblem {
  readonly fault: DownloadFault;
  constructor(fault: DownloadFault, message: string) {
    super(message);
    this.name = "DownloadError";
    this.fault = fault;
  }
}
