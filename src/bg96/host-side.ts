/** The host's side of a modem: its ports, a terminal on each, and QCLI on the debug port. */
import { join } from "node:path";
import { commandTable } from "#at/commands";
import { createNmeaStream } from "#at/gnss/nmea-stream";
import type { Host } from "#at/host";
import type { Multiplex } from "#at/terminal/multiplexing";
import { createTerminals, type Terminals } from "#at/terminal/terminals";
import { createUserRules } from "#at/terminal/user-rules";
import { unplugAtEachEnd } from "#bg96/usb";
import { type Config, ConfigError, type ConfigProblem } from "#config";
import { parseAddress } from "#config/address";
import { readUserRules } from "#config/user-rules";
import { readOptions } from "#lwm2m/client-files";
import { rateInForce } from "#modem/line-rate";
import { createMux } from "#port/mux";
import { openPorts } from "#port/ports";
import { createQcli } from "#qcli/qcli";
import type { Log, Runtime } from "#runtime";

export interface HostSide {
  /** The link to the main AT port. */
  readonly tty: string;
  /** host:port of AT over TCP, and the links to the NMEA port and the debug port, where there are such. */
  readonly tcp: string | undefined;
  readonly nmea: string | undefined;
  readonly qcli: string | undefined;
  /** Answers hosts from now on; called once, before anything else can happen. */
  serve(host: Host): void;
  close(): void;
}

/** @throws PortError, ConfigError */
export async function openHostSide(config: Config, runtime: Runtime, runDirectory: string): Promise<HostSide> {
  const rules = rulesOf(config.rules, runtime.log);
  let terminals: Terminals | undefined;
  let nmea: ReturnType<typeof createNmeaStream> | undefined;
  const ports = await openPorts({
    places: {
      ...config,
      tty: config.tty ?? join(runDirectory, "tty"),
      tcp: config.tcp === undefined ? undefined : parseAddress(config.tcp),
    },
    runtime,
    pacing: config.pacing,
    onConnection: (line) => terminals?.serveOnce(line),
  });

  const serveDebugPort = ({ modem, client, lwm2m, efs }: Host) => {
    const port = ports.qcli;
    if (!port) return;
    const qcli = createQcli({
      modem,
      client,
      settings: lwm2m,
      carrierType: () => readOptions(efs).carrierType,
      msisdnUrn: config.dialect.msisdnUrn,
      output: (bytes) => port.write(bytes),
    });
    port.onData(qcli.receive);
    port.onAttach((attached) => attached || qcli.hangUp());
  };

  return {
    tty: ports.tty.link,
    tcp: ports.tcp,
    nmea: ports.nmea?.link,
    qcli: ports.qcli?.link,
    serve(host) {
      const multiplex = multiplexer(runtime);
      terminals = createTerminals({ host, commands: commandTable(), spelling: config.dialect, rules, multiplex });
      terminals.serve(ports.tty, "usbat");
      if (ports.usbmodem) terminals.serve(ports.usbmodem, "usbmodem");
      if (ports.uart1) terminals.serve(ports.uart1, "uart1");
      if (config.reopenOnReset) {
        const { tty, usbmodem, nmea, qcli } = ports;
        unplugAtEachEnd(host, [tty, usbmodem, nmea, qcli]);
      }
      if (ports.nmea) nmea = createNmeaStream(host, ports.nmea);
      serveDebugPort(host);
      const { modem } = host;
      const followRate = () => ports.setBaud(rateInForce(modem.state));
      modem.onChange((now, before) => rateInForce(now) === rateInForce(before) || followRate());
      followRate();
    },
    close() {
      terminals?.close();
      nmea?.close();
      ports.close();
    },
  };
}

/** Lines divided by the frames of 3GPP TS 27.010. */
export const multiplexer =
  ({ clock, log }: Pick<Runtime, "clock" | "log">): Multiplex =>
  ({ settings: { n1, n2, t2, t3 }, ...line }) =>
    createMux({ ...line, clock, log, mostBytes: n1, retries: n2, responseMs: t2 * 10, wakeMs: t3 * 1000 });

/** @throws ConfigError */
function rulesOf(file: string | undefined, log: Log) {
  const problems: ConfigProblem[] = [];
  const rules = file === undefined ? [] : readUserRules(file, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return createUserRules(rules, log);
}
