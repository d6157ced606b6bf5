/** Functionality, power and battery. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { integer, optional } from "#at/parameter";
import { CmeError } from "#at/result";
import type { Power } from "#modem/power";

const cfun = defineCommand({
  name: "+CFUN",
  title: "Functionality",
  spec: "3GPP TS 27.007 §8.2",
  parameters: [integer("fun", [0, 1, 3, 4]), optional(integer("rst", [0, 1, 3]))],
  test: () => ["+CFUN: (0,1,4),(0,1)"],
  read: ({ modem }) => [`+CFUN: ${modem.state.functionality}`],
  write({ power }, { fun, rst = 0 }) {
    // BG96: a reset goes with full functionality alone; LG U+ hosts reset with AT+CFUN=3,3.
    if ((fun === 1 && rst === 1) || (fun === 3 && rst === 3)) {
      power.restart();
      return [];
    }
    if (fun === 3 || rst !== 0) throw new CmeError(50, "reset is AT+CFUN=1,1");
    power.setFunctionality(fun);
    return [];
  },
});

const qpowd = defineCommand({
  name: "+QPOWD",
  title: "Power down: 0 at once, 1 after de-registering",
  spec: "BG96 AT Commands Manual §2.21",
  parameters: [integer("mode", [0, 1])],
  write({ power }, { mode }) {
    if (mode === 0) power.offAtOnce();
    else power.off();
    return [];
  },
  execute({ power }) {
    power.off();
    return [];
  },
});

const cbc = defineCommand({
  name: "+CBC",
  title: "Battery charge",
  spec: "3GPP TS 27.007 §8.4",
  test: () => ["+CBC: (0-2),(1-100),(0-65535)"],
  execute: ({ modem }) => [`+CBC: ${modem.state.battery.charging},${modem.state.battery.percent},${modem.state.battery.millivolts}`],
});

/** A command without values that ends the module's run. */
const ending = (name: string, title: string, spec: string, run: (power: Power) => void) =>
  defineCommand({
    name,
    title,
    spec,
    execute({ power }) {
      run(power);
      return [];
    },
  });

const qtemp = defineCommand({
  name: "+QTEMP",
  title: "Temperature of power management, oscillator and amplifier, °C",
  spec: "BG96 AT Commands Manual",
  execute({ modem }) {
    const { temperatureC } = modem.state.sensors;
    return [`+QTEMP: ${temperatureC},${temperatureC},${temperatureC}`];
  },
});

const adcLine = ({ modem }: CommandContext, port: 0 | 1) => [`+QADC: 1,${modem.state.sensors.adcMillivolts[port]}`];

const qadc = defineCommand({
  name: "+QADC",
  title: "Voltage at an ADC pin, mV",
  spec: "BG96 AT Commands Manual",
  parameters: [integer("port", [0, 1])],
  read: (context) => adcLine(context, 0),
  write: (context, { port }) => adcLine(context, port),
});

export const powerCommands: readonly CommandDefinition[] = [
  cfun,
  qpowd,
  ending("+CPOF", "Power down", "listed by AT+CLAC of a BG96", (power) => power.off()),
  ending("+QRST", "Restart", "listed by AT+CLAC of a BG96", (power) => power.restart()),
  ending("+QRESET", "Restart", "listed by AT+CLAC of a BG96", (power) => power.restart()),
  cbc,
  defineCommand({
    name: "+QVBATT",
    title: "Voltage of the battery, mV",
    spec: "listed by AT+CLAC of a BG96",
    execute: ({ modem }) => [`+QVBATT: ${modem.state.battery.millivolts}`],
  }),
  qtemp,
  qadc,
];
