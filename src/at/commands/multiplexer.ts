/** The multiplexer: one line divided into channels, each an AT port. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer, optional } from "#at/parameter";
import { CmeError } from "#at/result";
import { FACTORY_MULTIPLEXER } from "#at/terminal/multiplexing";

const cmux = defineCommand({
  name: "+CMUX",
  title: "Multiplexer: frames on this line from now on, basic option",
  spec: "3GPP TS 27.007 §5.7, 27.010",
  parameters: [
    integer("mode", [0]),
    optional(integer("subset", [0])),
    optional(integer("port_speed", [1, 2, 3, 4, 5, 6, 7, 8])),
    optional(integer("N1", { min: 1, max: 32_768 })),
    optional(integer("T1", { min: 1, max: 255 })),
    optional(integer("N2", { min: 0, max: 100 })),
    optional(integer("T2", { min: 2, max: 255 })),
    optional(integer("T3", { min: 1, max: 255 })),
    optional(integer("k", { min: 1, max: 7 })),
  ],
  read({ multiplexing }) {
    const { portSpeed, n1, t1, n2, t2, t3, k } = multiplexing?.settings ?? FACTORY_MULTIPLEXER;
    return [`+CMUX: 0,0,${portSpeed},${n1},${t1},${n2},${t2},${t3},${k}`];
  },
  write({ multiplexing, passOn }, { port_speed, N1, T1, N2, T2, T3, k }) {
    const divide = multiplexing?.divide;
    if (!divide) throw new CmeError(3, "no line to divide: this is a channel");
    const factory = FACTORY_MULTIPLEXER;
    const settings = {
      portSpeed: port_speed ?? factory.portSpeed,
      n1: N1 ?? factory.n1,
      t1: T1 ?? factory.t1,
      n2: N2 ?? factory.n2,
      t2: T2 ?? factory.t2,
      t3: T3 ?? factory.t3,
      k: k ?? factory.k,
    };
    passOn(() => divide(settings));
    return [];
  },
});

export const multiplexerCommands: readonly CommandDefinition[] = [cmux];
