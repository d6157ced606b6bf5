/** The terminals of one line: a single one while the line is whole, one a channel while AT+CMUX divides it. */
import { createTerminal, type TerminalOptions } from "#at/terminal/interpreter";
import {
  FACTORY_MULTIPLEXER,
  type Multiplex,
  type Multiplexer,
  type MultiplexerSettings,
  type TerminalLine,
} from "#at/terminal/multiplexing";

export interface DivisibleLine {
  receive(bytes: Buffer): void;
  /** The host is gone: the line is whole again, and what was half typed is void. */
  hangUp(): void;
  close(): void;
}

export interface DivisibleLineOptions {
  readonly terminal: Omit<TerminalOptions, "output" | "flow" | "hearsUrcs" | "multiplexing">;
  readonly line: TerminalLine;
  /** Whether this line hears unsolicited result codes. */
  readonly hearsUrcs: () => boolean;
  /** Default: the line stays whole, and AT+CMUX is refused. */
  readonly multiplex?: Multiplex | undefined;
}

/** AT+QCFG="cmux/urcport": the channel that hears unsolicited result codes; 0 = all. */
const EVERY_CHANNEL = "0";

export function createDivisibleLine(options: DivisibleLineOptions): DivisibleLine {
  const { line, multiplex } = options;
  const { modem } = options.terminal.host;
  let multiplexer: Multiplexer | undefined;
  let unwatch: () => void = () => {};

  const join = () => {
    unwatch();
    multiplexer?.close();
    multiplexer = undefined;
  };
  /** After each terminal: what one has to say while the power goes still gets out. */
  const watchPower = () => {
    unwatch();
    unwatch = modem.onChange((now, before) => {
      if (before.power.phase === "running" && now.power.phase !== "running") join();
    });
  };

  const openChannel = (settings: MultiplexerSettings, dlci: number, channel: TerminalLine) => {
    const isChosen = () => {
      const chosen = modem.state.settings["qcfg/cmux/urcport"] ?? EVERY_CHANNEL;
      return chosen === EVERY_CHANNEL || chosen === String(dlci);
    };
    const terminal = createTerminal({
      ...options.terminal,
      output: (bytes) => channel.write(bytes),
      flow: channel,
      hearsUrcs: () => isChosen() && options.hearsUrcs(),
      multiplexing: { settings },
    });
    watchPower();
    return terminal;
  };

  const divide = (by: Multiplex, settings: MultiplexerSettings): ((bytes: Buffer) => void) => {
    const opened = by({
      settings,
      line,
      onChannel: (dlci, channel) => openChannel(settings, dlci, channel),
      onEnd(rest) {
        join();
        whole.receive(rest);
      },
    });
    multiplexer = opened;
    watchPower();
    return opened.receive;
  };

  const whole = createTerminal({
    ...options.terminal,
    output: (bytes) => multiplexer || line.write(bytes),
    flow: line,
    hearsUrcs: () => !multiplexer && options.hearsUrcs(),
    ...(multiplex && {
      multiplexing: { settings: FACTORY_MULTIPLEXER, divide: (settings) => divide(multiplex, settings) },
    }),
  });

  return {
    receive: (bytes) => (multiplexer ?? whole).receive(bytes),
    hangUp() {
      join();
      whole.hangUp();
    },
    close() {
      join();
      whole.close();
    },
  };
}
