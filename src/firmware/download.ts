/** One package on its way into the file system, pushed by a Server or fetched; what was broken off can be gone on with. */
import { z } from "zod";
import { CoapError } from "#coap/message";
import { type Efs, EfsError, type EfsFile } from "#efs/efs";
import { DownloadError, type DownloadProblem } from "#firmware/download-error";
import { takeFault } from "#firmware/faults";
import type { Fetch, FetchSink } from "#firmware/fetch";
import { type Image, MOST_PACKAGE_BYTES } from "#firmware/package";
import { examineFile } from "#firmware/package-file";
import { type PackageUri, parsePackageUri } from "#firmware/package-uri";
import { awaitService } from "#firmware/service-wait";
import { refusal } from "#modem/data-call";
import type { Modem } from "#modem/modem";
import { isOnline } from "#modem/network";
import type { Power } from "#modem/power";
import type { Runtime } from "#runtime";

/** Takes a package that is pushed. What throws is through: it hears no more. */
export interface Receiver {
  /** @throws CoapError */
  write(bytes: Buffer): void;
  end(): void;
  abandon(why: "lost" | "malformed"): void;
}

export interface DownloadOptions {
  readonly runtime: Runtime;
  readonly modem: Modem;
  readonly power: Power;
  readonly efs: Efs;
  /** Path of the package in the module's file tree. */
  readonly path: string;
  readonly fetch: Readonly<Record<PackageUri["scheme"], Fetch>>;
  /** Takes files for packages that are none. */
  readonly acceptAny: boolean;
  /** Of the data call to fetch over; "" = the one that is there. */
  apn(): string;
  /** All of it is there, and sound. */
  onArrived(image: Image): void;
  onFailed(problem: DownloadProblem): void;
  /** What is pushed is no package after all. */
  onWithdrawn(): void;
}

export interface Download {
  /** Begins anew. @param total about, bytes, where the Server tells it */
  receive(total: number | undefined): Receiver;
  /** Goes on where the same URI was broken off. */
  fetch(uri: string): void;
  /** What is there of the package stays. */
  stop(): void;
  /** Stops, and removes what is there; a disk that refuses costs its space, with a line in the log. */
  discard(): void;
  /** @throws DownloadError "integrity" or "unsupported" */
  examine(): Image;
}

/** 8 MB at 100 bytes a second; what has not come by then never will. */
const LONGEST_MS = 86_400_000;
/** Breaks of an HTTP download without progress in between, after which it is given up. */
const MAX_BREAKS = 5;
const AFTER_BREAK_MS = 5000;
/** How the refusal of a pushed piece is answered. */
const REFUSALS = { flash: "4.13", ram: "5.00", connection: "4.08" } as const;

const noteSchema = z.object({ uri: z.string(), etag: z.string().optional() });

export function createDownload(options: DownloadOptions): Download {
  const { runtime, modem, power, efs, path } = options;
  const { clock, log } = runtime;
  const notePath = `${path}.json`;
  let file: EfsFile | undefined;
  /** The transfer under way; another one, or none, makes it void. */
  let current: AbortController | undefined;

  const opened = () => {
    file ??= efs.open(path);
    return file;
  };
  const stop = () => {
    const stopped = current;
    current = undefined;
    stopped?.abort();
    file?.close();
    file = undefined;
  };
  const discard = () => {
    stop();
    try {
      efs.remove(path);
      efs.remove(notePath);
    } catch (err) {
      log.error({ err }, "a package could not be removed");
    }
  };
  const begin = () => {
    stop();
    const mine = new AbortController();
    current = mine;
    return mine;
  };

  /** @throws DownloadError when a fault that was asked for strikes. */
  const strike = (received: number, total: number | undefined) => {
    const isDue = (percent: number) => total === undefined || received * 100 >= total * percent;
    const fault = takeFault(modem, isDue, ["flash", "ram", "connection", "powerInDownload"]);
    if (fault === "flash" || fault === "ram" || fault === "connection")
      throw new DownloadError(fault, `${fault}: as asked for`);
    if (fault !== "powerInDownload") return;
    power.brownOut(); // stops this transfer
    throw new DownloadError("connection", "power lost, as asked for");
  };

  const refuseLarge = (bytes: number) => {
    const room = Math.min(MOST_PACKAGE_BYTES, modem.state.memory.freeKb * 1024);
    if (bytes > room) throw new DownloadError("flash", `package of ${bytes} bytes: there is room for ${room}`);
  };

  const append = (bytes: Buffer, total: number | undefined) => {
    const target = opened();
    strike(target.size + bytes.length, total);
    refuseLarge(target.size + bytes.length);
    target.append(bytes);
  };

  /** Whatever goes wrong, as the fault it is. */
  const faultOf = (error: unknown): DownloadError => {
    if (error instanceof DownloadError) return error;
    if (error instanceof EfsError) return new DownloadError("flash", error.message, "unwritten");
    log.error({ err: error }, "a download failed");
    return new DownloadError("connection", String(error), "unknown");
  };

  const examine = () => {
    const fault = takeFault(modem, () => true, ["integrity", "unsupported"]);
    if (fault !== undefined) throw new DownloadError(fault, `${fault}: as asked for`);
    return examineFile(efs, path, options.acceptAny);
  };

  const finish = () => {
    stop();
    let image: Image;
    try {
      image = examine();
    } catch (error) {
      return options.onFailed(faultOf(error));
    }
    options.onArrived(image);
  };

  // ---- pulled

  const readNote = () => {
    try {
      return noteSchema.safeParse(JSON.parse(efs.read(notePath)?.toString("utf8") ?? "")).data;
    } catch {
      return undefined;
    }
  };

  const run = async (text: string, mine: AbortController) => {
    const { signal } = mine;
    const uri = parsePackageUri(text);
    const isHttp = uri.scheme.startsWith("http");
    let note = readNote();
    if (note?.uri !== text) {
      note = { uri: text };
      opened().truncate(0);
    }
    let total: number | undefined;
    let isFinal = false;
    const take = (task: () => void) => {
      if (signal.aborted) throw new DownloadError("connection", "download: stopped");
      try {
        task();
      } catch (error) {
        isFinal = true; // what is ours does not get better by asking again
        throw faultOf(error);
      }
    };
    const sink: FetchSink = {
      begin: (from, size, etag) =>
        take(() => {
          total = size;
          if (size !== undefined) refuseLarge(size);
          opened().truncate(from);
          note = { uri: text, etag };
          efs.write(notePath, JSON.stringify(note));
        }),
      piece: (bytes) => take(() => append(bytes, total)),
    };
    for (let breaks = 0; ; ) {
      await awaitService(modem, clock, signal);
      if (current !== mine) return;
      const before = opened().size;
      const attempt = new AbortController();
      const abort = () => attempt.abort();
      signal.addEventListener("abort", abort);
      // a datagram is lost without service, and asked for again; a TCP connection breaks
      const unwatch = modem.onChange((now) => isHttp && !isOnline(now) && abort());
      try {
        const apn = options.apn();
        const refused = apn === "" ? undefined : refusal(modem.state, apn);
        if (refused) throw new DownloadError("connection", `download: no data call with ${apn}: ${refused}`);
        await options.fetch[uri.scheme](uri, { from: before, etag: note.etag }, sink, attempt.signal);
        if (current === mine) opened().sync();
        return;
      } catch (error) {
        const { fault, message } = faultOf(error);
        if (current !== mine || !isHttp || isFinal || fault !== "connection") throw error;
        breaks = opened().size > before ? 1 : breaks + 1;
        if (breaks > MAX_BREAKS) throw error;
        log.warn({ reason: message, bytes: opened().size }, "download broken off, to be gone on with");
      } finally {
        unwatch();
        signal.removeEventListener("abort", abort);
      }
      await new Promise<void>((resolve) => {
        const cancel = clock.after(AFTER_BREAK_MS, () => {
          signal.removeEventListener("abort", cancel);
          resolve();
        });
        signal.addEventListener("abort", cancel);
      });
    }
  };

  return {
    receive(total) {
      const mine = begin();
      const isOver = () => current !== mine;
      const refused = (error: unknown): CoapError => {
        const problem = faultOf(error);
        if (!isOver()) options.onFailed(problem);
        return new CoapError(REFUSALS[problem.fault as keyof typeof REFUSALS], problem.message);
      };
      try {
        if (total !== undefined) refuseLarge(total);
        opened().truncate(0);
      } catch (error) {
        throw refused(error);
      }
      return {
        write(bytes) {
          if (isOver()) throw new CoapError("4.08", "package: its transfer was broken off");
          try {
            append(bytes, total);
          } catch (error) {
            throw refused(error);
          }
        },
        end() {
          if (isOver()) throw new CoapError("4.08", "package: its transfer was broken off");
          try {
            opened().sync();
          } catch (error) {
            throw refused(error);
          }
          finish();
        },
        abandon(why) {
          if (isOver()) return;
          if (why === "lost")
            options.onFailed(new DownloadError("connection", "package: its transfer was not finished"));
          else options.onWithdrawn();
        },
      };
    },
    fetch(text) {
      const mine = begin();
      const failed = (error: unknown) => {
        if (current === mine) options.onFailed(faultOf(error));
      };
      const cancel = clock.after(LONGEST_MS, () =>
        failed(new DownloadError("connection", "download: takes over a day", "timeout")),
      );
      mine.signal.addEventListener("abort", cancel);
      run(text, mine).then(() => {
        if (current === mine) finish();
      }, failed);
    },
    stop,
    discard,
    examine,
  };
}
