/** All ports of one modem: named ones, each a pty or a serial device, and connections over TCP. */
import { paced } from "#port/pacing";
import type { Line, Port } from "#port/port";
import { openPty } from "#port/pty";
import { isSerialDevice, openSerial, type SerialPort } from "#port/serial";
import { openTcp, type TcpPort } from "#port/tcp";
import type { Runtime } from "#runtime";

/** Paths of links to be made, or of serial devices; undefined = no such port. */
export interface PortPlaces {
  readonly tty: string;
  readonly usbmodem: string | undefined;
  readonly uart1: string | undefined;
  readonly nmea: string | undefined;
  readonly qcli: string | undefined;
  readonly tcp: { readonly host: string; readonly port: number } | undefined;
}

export interface PortsOptions {
  readonly places: PortPlaces;
  readonly runtime: Runtime;
  /** Whether output comes at the line rate. */
  readonly pacing: boolean;
  /** A host has connected over TCP; never before openPorts() has resolved. */
  onConnection(line: Line): void;
}

export interface Ports {
  readonly tty: Port;
  readonly usbmodem: Port | undefined;
  readonly uart1: Port | undefined;
  readonly nmea: Port | undefined;
  readonly qcli: Port | undefined;
  /** host:port as it is. */
  readonly tcp: string | undefined;
  /** The line rate, bit/s: of real devices, and of paced output. */
  setBaud(baud: number): void;
  /** Idempotent. */
  close(): void;
}

const FACTORY_BAUD = 115_200;

/** @throws PortError when one of them cannot be had; then none stays open. */
export async function openPorts({ places, runtime, pacing, onConnection }: PortsOptions): Promise<Ports> {
  let baud = FACTORY_BAUD;
  const open: { close(): void }[] = [];
  const devices: SerialPort[] = [];
  const atPace = <T extends Line>(line: T): T => (pacing ? paced(line, () => baud, runtime) : line);

  const openPort = async (path: string): Promise<Port> => {
    if (!isSerialDevice(path)) {
      const port = openPty({ link: path, runtime });
      open.push(port);
      return atPace(port);
    }
    const device = await openSerial({ path, baud, runtime });
    open.push(device);
    devices.push(device);
    return device; // whose own line is the pace
  };
  const openIfWanted = (path: string | undefined) => (path === undefined ? undefined : openPort(path));
  const close = () => {
    for (const each of open) each.close();
  };

  try {
    const tty = await openPort(places.tty);
    const usbmodem = await openIfWanted(places.usbmodem);
    const uart1 = await openIfWanted(places.uart1);
    const nmea = await openIfWanted(places.nmea);
    const qcli = await openIfWanted(places.qcli);
    let tcp: TcpPort | undefined;
    if (places.tcp) {
      tcp = await openTcp({ ...places.tcp, runtime, onLine: (line) => onConnection(atPace(line)) });
      open.push(tcp);
    }
    return {
      tty,
      usbmodem,
      uart1,
      nmea,
      qcli,
      tcp: tcp?.address,
      setBaud(wanted) {
        baud = wanted;
        for (const device of devices) device.setBaud(wanted);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
