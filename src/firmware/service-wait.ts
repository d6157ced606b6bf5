/** Waiting for the packet network. */
import { DownloadError } from "#firmware/download-error";
import type { Modem } from "#modem/modem";
import { isOnline } from "#modem/network";
import type { Clock } from "#runtime";

/** A download that finds no service for so long is lost. */
const LIMIT_MS = 120_000;

/** @throws DownloadError "connection" after the limit, or when `signal` is given. */
export function awaitService(modem: Modem, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (isOnline(modem.state)) return resolve();
    const settle = (error?: DownloadError) => {
      cancel();
      unwatch();
      signal.removeEventListener("abort", stop);
      if (error) reject(error);
      else resolve();
    };
    const stop = () => settle(new DownloadError("connection", "download: stopped"));
    const cancel = clock.after(LIMIT_MS, () => settle(new DownloadError("connection", "download: no network service")));
    const unwatch = modem.onChange((now) => isOnline(now) && settle());
    signal.addEventListener("abort", stop);
  });
}
