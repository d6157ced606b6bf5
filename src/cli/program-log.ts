/** The program's own log on standard error: JSON lines, or text on a terminal, coloured unless NO_COLOR is set. */
import pino, { type DestinationStream } from "pino";
import pretty from "pino-pretty";
import type { Log } from "#runtime";

/** Names under which a key could stand in the fields of a log line, at the top or one below. */
const SECRETS = ["psk", "key", "pskKey", "pskKeyHex", "keyHex", "secretKey", "pin"];

export function createProgramLog(level: string, terminal: boolean): Log {
  const stream = terminal
    ? pretty({
        colorize: !process.env.NO_COLOR, // no-color.org
        destination: 2,
        sync: true,
        ignore: "pid,hostname",
        translateTime: "SYS:HH:MM:ss.l",
      })
    : pino.destination({ fd: 2, sync: true });
  // Whoever read the log may be gone: that is no reason to end.
  (stream as unknown as NodeJS.EventEmitter).on("error", () => {});
  return pino(
    {
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      formatters: { level: (label) => ({ level: label }) },
    },
    stream as DestinationStream,
  );
}
