/** The terminals of one modem, one a line, and which of them hear the unsolicited result codes (AT+QURCCFG="urcport"). */
import { createDivisibleLine, type DivisibleLine, type DivisibleLineOptions } from "#at/terminal/divisible-line";
import type { TerminalLine } from "#at/terminal/multiplexing";

/** The module's serial ports, as AT+QURCCFG names them. */
export type PortName = "usbat" | "usbmodem" | "uart1";

/** A byte stream to a host. */
export interface HostLine extends TerminalLine {
  onData(handler: (bytes: Buffer) => void): void;
  onAttach(handler: (attached: boolean) => void): void;
}

export interface Terminals {
  /** Puts a terminal on a port, where hosts come and go. */
  serve(port: HostLine, name: PortName): void;
  /** Puts a terminal of its own on a connection, until it ends. It counts as the main port. */
  serveOnce(connection: HostLine): void;
  close(): void;
}

const MAIN: PortName = "usbat";

export type TerminalsOptions = DivisibleLineOptions["terminal"] & Pick<DivisibleLineOptions, "multiplex">;

export function createTerminals({ multiplex, ...terminal }: TerminalsOptions): Terminals {
  const { modem } = terminal.host;
  const lines = new Set<DivisibleLine>();
  const names = new Set<string>([MAIN]);

  /** Those of a port that this modem has not are heard on its main one: to a host with one port it is the one. */
  const hears = (name: PortName) => {
    const chosen = modem.state.settings.urcport ?? MAIN;
    return name === (names.has(chosen) ? chosen : MAIN);
  };
  const open = (line: HostLine, name: PortName): DivisibleLine => {
    const divisible = createDivisibleLine({
      terminal,
      multiplex,
      line,
      hearsUrcs: () => hears(name),
    });
    lines.add(divisible);
    line.onData(divisible.receive);
    return divisible;
  };

  return {
    serve(port, name) {
      names.add(name);
      const line = open(port, name);
      port.onAttach((attached) => attached || line.hangUp());
    },
    serveOnce(connection) {
      const line = open(connection, MAIN);
      connection.onAttach((attached) => {
        if (attached) return;
        lines.delete(line);
        line.close();
      });
    },
    close() {
      for (const line of lines) line.close();
      lines.clear();
    },
  };
}
