/** The terminals of one modem, one a line, and which of them hear the unsolicited result codes (AT+QURCCFG="urcport"). */
import { createTerminal, type Terminal, type TerminalOptions } from "#at/interpreter";

/** The module's serial ports, as AT+QURCCFG names them. */
export type PortName = "usbat" | "usbmodem" | "uart1";

/** A byte stream to a host. */
export interface HostLine {
  onData(handler: (bytes: Buffer) => void): void;
  onAttach(handler: (attached: boolean) => void): void;
  write(bytes: Buffer): void;
}

export interface Terminals {
  /** Puts a terminal on a port, where hosts come and go. */
  serve(port: HostLine, name: PortName): void;
  /** Puts a terminal of its own on a connection, until it ends. It counts as the main port. */
  serveOnce(connection: HostLine): void;
  close(): void;
}

const MAIN: PortName = "usbat";

export function createTerminals(options: Omit<TerminalOptions, "output" | "hearsUrcs">): Terminals {
  const { modem } = options.host;
  const terminals = new Set<Terminal>();
  const names = new Set<string>([MAIN]);

  /** Those of a port that this modem has not are heard on its main one: to a host with one port it is the one. */
  const hears = (name: PortName) => {
    const chosen = modem.state.settings.urcport ?? MAIN;
    return name === (names.has(chosen) ? chosen : MAIN);
  };
  const open = (line: HostLine, name: PortName): Terminal => {
    const terminal = createTerminal({
      ...options,
      output: (bytes) => line.write(bytes),
      hearsUrcs: () => hears(name),
    });
    terminals.add(terminal);
    line.onData(terminal.receive);
    return terminal;
  };

  return {
    serve(port, name) {
      names.add(name);
      const terminal = open(port, name);
      port.onAttach((attached) => attached || terminal.hangUp());
    },
    serveOnce(connection) {
      const terminal = open(connection, MAIN);
      connection.onAttach((attached) => {
        if (attached) return;
        terminals.delete(terminal);
        terminal.close();
      });
    },
    close() {
      for (const terminal of terminals) terminal.close();
      terminals.clear();
    },
  };
}
