/** A real serial device as the modem's port, at the other end of whose cable the host is; it may be unplugged and come back. */
import { lstatSync, readSync, realpathSync, statSync } from "node:fs";
import { type Port, PortError } from "#port/port";
import { createSendQueue } from "#port/send-queue";
import type { Cancel, Runtime } from "#runtime";

/** An open device, as the binding of the package serialport 13 gives it on Linux. */
export interface SerialDevice {
  /** Null once closed; non-blocking. */
  readonly fd: number | null;
  readonly poller: { once(event: "readable", done: (error: Error | null) => void): unknown };
  write(bytes: Buffer): Promise<void>;
  update(options: { readonly baudRate: number }): Promise<void>;
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface SerialOptions {
  readonly path: string;
  readonly baud: number;
  readonly runtime: Runtime;
  /** How a device is opened; default: by serialport. */
  readonly open?: (path: string, baud: number) => Promise<SerialDevice>;
}

export interface SerialPort extends Port {
  /** Once what is being sent has left: the host changes its rate when it has read the answer. */
  setBaud(baud: number): void;
}

/** How often a device that has gone is looked for. */
const LOOK_MS = 1000;
const READ_BYTES = 16_384;
/** Given to the device at a time. */
const PIECE_BYTES = 1024;
/** From the order to change the rate to the end of its answer, at most. */
const ANSWER_MS = 50;

/** Whether a path leads to a device rather than to where a link to a pty may be made. */
export function isSerialDevice(path: string): boolean {
  try {
    const target = realpathSync(path);
    // a link to a pty is one of ours, or of another modem's
    const isLinkToPty = lstatSync(path).isSymbolicLink() && target.startsWith("/dev/pts/");
    return statSync(target).isCharacterDevice() && !isLinkToPty;
  } catch {
    return false;
  }
}

/** @throws PortError when the device cannot be opened now. */
export async function openSerial(options: SerialOptions): Promise<SerialPort> {
  const { path, runtime, open = openDevice } = options;
  const { clock, log } = runtime;
  const dataHandlers: ((bytes: Buffer) => void)[] = [];
  const attachHandlers: ((attached: boolean) => void)[] = [];
  let { baud } = options;
  let device: SerialDevice | undefined;
  let closed = false;
  let looking: Cancel | undefined;
  /** Ends the rest of a reader that has been held. */
  let goOn: (() => void) | undefined;
  let resting: Promise<void> | undefined;

  const output = createSendQueue({
    runtime: { clock, log },
    pieceBytes: PIECE_BYTES,
    async send(piece) {
      const to = device;
      if (to) await to.write(piece).catch((error: Error) => lose(to, error.message));
    },
  });

  const lose = (lost: SerialDevice, reason: string) => {
    if (device !== lost) return;
    device = undefined;
    output.clear();
    lost.close().catch(() => {}); // it is gone
    if (closed) return;
    log.warn({ path, reason }, "the serial device has gone; it is looked for");
    for (const handle of attachHandlers) handle(false);
    look();
  };

  const look = () => {
    looking = clock.after(LOOK_MS, () => {
      open(path, baud).then(
        (found) => {
          if (closed) return void found.close().catch(() => {});
          use(found);
          log.info({ path }, "the serial device is back");
          for (const handle of attachHandlers) handle(true);
        },
        () => closed || look(),
      );
    });
  };

  /** Hands on what comes until the device is closed or gone. */
  const listen = async (from: SerialDevice) => {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const bytes = await readOnce(from, buffer);
      if (device !== from) return;
      for (const handle of dataHandlers) handle(Buffer.from(bytes));
      await resting;
    }
  };

  const use = (found: SerialDevice) => {
    device = found;
    listen(found).catch((error: Error) => lose(found, error.message));
  };

  const setRate = async (to: SerialDevice) => {
    await to.drain();
    if (device === to) await to.update({ baudRate: baud });
  };

  try {
    use(await open(path, baud));
  } catch (error) {
    throw explained(path, error as Error);
  }
  return {
    link: path,
    get attached() {
      return device !== undefined;
    },
    onData: (handler) => void dataHandlers.push(handler),
    onAttach: (handler) => void attachHandlers.push(handler),
    write(bytes) {
      if (device) output.push(bytes);
    },
    get full() {
      return output.full;
    },
    onRoom: output.onRoom,
    hold(held) {
      goOn?.();
      goOn = undefined;
      resting = held ? new Promise((resolve) => (goOn = resolve)) : undefined;
    },
    setBaud(wanted) {
      if (wanted === baud) return;
      baud = wanted;
      clock.after(ANSWER_MS, () => {
        if (device)
          setRate(device).catch((error: Error) => log.warn({ path, reason: error.message }, "the rate stays"));
      });
    },
    close() {
      if (closed) return;
      closed = true;
      looking?.();
      if (device) lose(device, "");
    },
  };
}

/**
 * Waits for bytes. A device that has been unplugged reads as ended for ever, and serialport would read it again and again.
 * @throws Error when it is closed or gone
 */
async function readOnce(device: SerialDevice, buffer: Buffer): Promise<Buffer> {
  for (;;) {
    // each time anew, so that a flood leaves room for everything else
    await new Promise<void>((resolve, reject) => {
      device.poller.once("readable", (error) => (error ? reject(error) : resolve()));
    });
    if (device.fd === null) throw new Error("closed");
    try {
      // in the thread pool a read could outlive the descriptor, and serialport's add-on aborts when it is asked again then
      const length = readSync(device.fd, buffer);
      if (length === 0) throw new Error("unplugged");
      return buffer.subarray(0, length);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!["EAGAIN", "EWOULDBLOCK", "EINTR"].includes(code)) throw error;
    }
  }
}

async function openDevice(path: string, baudRate: number): Promise<SerialDevice> {
  const { SerialPort } = await import("serialport"); // its native add-on is loaded where there is a device alone
  return (await SerialPort.binding.open({ path, baudRate })) as unknown as SerialDevice;
}

function explained(path: string, error: Error): PortError {
  const why = error.message.replace(/^Error:? /, "").replace(/, cannot open .*$/, "");
  const remedy = /permission/i.test(why)
    ? "add this user to the device's group (dialout, on most systems)"
    : /lock|temporarily unavailable|busy/i.test(why)
      ? "end the program that has it open"
      : /ioctl/i.test(why)
        ? "name a serial device, or a path where a link to a pty can be made"
        : "see whether the device is plugged in";
  return new PortError(`cannot open the serial device ${path}: ${why}`, remedy);
}
