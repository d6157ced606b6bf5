/** Why a package could not be had or used; each Object has a result number of its own for it. */
export type DownloadFault = "flash" | "ram" | "connection" | "integrity" | "unsupported" | "uri" | "protocol";

/** The same as `+QIND: "FOTA","HTTPEND"` tells it apart: not connected, no right answer, none in time, no such file, not written, too large. */
export type DownloadTrouble = "unconnected" | "refused" | "timeout" | "absent" | "unwritten" | "large" | "unknown";

/** One, and what to tell of it. */
export interface DownloadProblem {
  readonly fault: DownloadFault;
  readonly trouble: DownloadTrouble;
  readonly message: string;
}

/** Where nothing more is known. */
const USUAL: Readonly<Record<DownloadFault, DownloadTrouble>> = {
  flash: "large",
  ram: "unwritten",
  connection: "unconnected",
  uri: "absent",
  protocol: "refused",
  integrity: "unknown",
  unsupported: "unknown",
};

export class DownloadError extends Error implements DownloadProblem {
  readonly fault: DownloadFault;
  readonly trouble: DownloadTrouble;
  constructor(fault: DownloadFault, message: string, trouble: DownloadTrouble = USUAL[fault]) {
    super(message);
    this.name = "DownloadError";
    this.fault = fault;
    this.trouble = trouble;
  }
}
