/**
 * `npm run bench`: how fast one modem process answers, side by side with a bare UDP echo in Node.js.
 * Installs and builds what is missing; prints a Markdown table, or JSON.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { freshen } from "../../scripts/freshen.mjs";
import { BLOCK_BYTES, openLoad } from "./load.mjs";
import { openRepository } from "./repository.mjs";
import { startSubject } from "./subject.mjs";
import { openTerminal } from "./terminal.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "bin/bg96");
const ECHO = join(import.meta.dirname, "echo.mjs");
const PTY_ECHO = join(import.meta.dirname, "pty-echo.mjs");
const BODY_BYTES = 2 ** 20;
const LARGEST_PACKAGE_BYTES = 2 ** 23;

const HELP = `usage: npm run bench -- [--rounds N] [--quick] [--json]

  --rounds N  interleaved rounds, of which the medians are told (5)
  --quick     one short round, and a tenth of the requests for the memory
  --json      every round as JSON
`;

const options = readOptions();
const rounds = options.quick ? 1 : Number(options.rounds);
if (options.help || !Number.isInteger(rounds) || rounds < 1) {
  console.error(HELP);
  process.exit(options.help ? 0 : 2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        rounds: { type: "string", default: "5" },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error.message}\n`);
    return { rounds: "" };
  }
}

const durationMs = options.quick ? 500 : 2000;
const memoryRequests = options.quick ? 50_000 : 500_000;

const body = Buffer.alloc(BODY_BYTES, "bg96");
const bodyTitle = `${BODY_BYTES / 2 ** 20} MiB in blocks of ${BLOCK_BYTES}`;
const BLOCKS = {
  scale: BLOCK_BYTES / 1e6,
  // one block there and back: what bounds a transfer of one block at a time
  echo: (load, limits) => load.echoedBlocks({ window: 1, ...limits }),
};

/** At the AT port, beside a bare answer behind a pty. */
const terminalMeasure = (title, line, window) => {
  const work = (terminal, limits) => terminal.run(line, { window, ...limits });
  return { title, atPort: true, modem: work, echo: work };
};
const ROUND_TRIP = "AT lines/s, one at a time";

/** What is measured, with its counterpart at the echo; `scale` turns answers a second into the unit. */
const measuresOf = (firmware, repository) => [
  {
    title: "reads/s, window 1",
    modem: (load, limits) => load.reads({ window: 1, ...limits }),
    echo: (load, limits) => load.echoes({ window: 1, ...limits }),
  },
  {
    title: "reads/s, window 32",
    modem: (load, limits) => load.reads({ window: 32, ...limits }),
    echo: (load, limits) => load.echoes({ window: 32, ...limits }),
  },
  {
    title: "notifications/s, a Write before each",
    modem: (load, limits) => load.notifications({ window: 1, ...limits }),
    echo: (load, limits) => load.echoes({ window: 1, ...limits }),
  },
  {
    ...BLOCKS,
    title: `Block1 MB/s, ${bodyTitle}`,
    modem: (load, limits) => load.uploads({ window: 1, ...limits }, body, "/19/0/0"),
  },
  {
    ...BLOCKS,
    title: `firmware pushed MB/s, ${bodyTitle}`,
    modem: (load, limits) => load.pushes({ window: 1, ...limits }, firmware),
  },
  {
    ...BLOCKS,
    title: `firmware pulled MB/s, ${bodyTitle}`,
    modem: (load, limits) => load.pulls(limits, repository),
  },
  terminalMeasure(ROUND_TRIP, "AT", 1),
  terminalMeasure("AT lines/s of four commands, one at a time", "AT+CSQ;+CREG?;+CEREG?;+COPS?", 1),
  terminalMeasure("AT lines/s, 100 sent ahead", "AT", 100),
];

async function measure({ load, subject }, work, limits, scale = 1) {
  const before = await subject.usage();
  const { count, seconds, latenciesMs } = await work(load, limits);
  const after = await subject.usage();
  const cpuPer10k = ((after.cpuS - before.cpuS) / count) * 10_000;
  const [p50, p99] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
  return { rate: (count / seconds) * scale, cpuPer10k, p50, p99 };
}

const quantile = (values = [], share) => values.toSorted((a, b) => a - b)[Math.floor(values.length * share)];

/** @param ports modem and echo at their ptys */
async function runAll(modem, echo, ports, measures, firmwares) {
  const pairOf = ({ atPort }) => (atPort ? ports : { modem, echo });
  const note = (text) => console.error(`bench: ${text}`);
  note("warming up");
  for (const each of measures) {
    const pair = pairOf(each);
    await each.modem(pair.modem.load, { durationMs: durationMs / 2 });
    await each.echo(pair.echo.load, { durationMs: durationMs / 4 });
  }
  const results = measures.map(({ title }) => ({ title, rounds: [] }));
  for (let round = 1; round <= rounds; round++) {
    note(`round ${round} of ${rounds}`);
    for (const [index, each] of measures.entries()) {
      const pair = pairOf(each);
      results[index].rounds.push({
        echo: await measure(pair.echo, each.echo, { durationMs }, each.scale),
        modem: await measure(pair.modem, each.modem, { durationMs }, each.scale),
      });
    }
  }
  note(`${memoryRequests} requests for the memory`);
  const before = await modem.subject.usageCollected();
  await modem.load.reads({ window: 32, count: memoryRequests });
  const after = await modem.subject.usageCollected();
  note("packages for the memory");
  const packages = [];
  for (const firmware of firmwares) {
    packages.push(await modem.load.pushDuring(firmware, () => modem.subject.usageCollected()));
  }
  return { results, memory: { requests: memoryRequests, before, after, packages } };
}

async function open(program, argsFor) {
  const load = await openLoad();
  const subject = startSubject(program, argsFor(load.port));
  await Promise.race([load.found, subject.failed]);
  return { load, subject };
}

async function openPorts(modem, directory) {
  const echoTty = join(directory, "echo-tty");
  const echo = startSubject(PTY_ECHO, [echoTty]);
  const opened = Promise.all([openTerminal(join(directory, "tty")), openTerminal(echoTty)]);
  const [modemTerminal, echoTerminal] = await Promise.race([opened, echo.failed, modem.subject.failed]);
  return { modem: { load: modemTerminal, subject: modem.subject }, echo: { load: echoTerminal, subject: echo } };
}

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const summaryOf = (of) => ({
  rate: of(({ rate }) => rate),
  cpuPer10k: of(({ cpuPer10k }) => cpuPer10k),
  p50: of(({ p50 }) => p50),
  p99: of(({ p99 }) => p99),
});

function summarise({ title, rounds: each }) {
  const of = (pick) => median(each.map(pick));
  return {
    title,
    modem: summaryOf((pick) => of(({ modem }) => pick(modem))),
    echo: summaryOf((pick) => of(({ echo }) => pick(echo))),
    ratio: of(({ modem, echo }) => modem.rate / echo.rate),
  };
}

const number = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

function tableOf(summaries, { requests, before, after, packages }) {
  const roundTrip = summaries.find(({ title }) => title === ROUND_TRIP);
  const trips = ({ p50, p99 }) => `${p50.toFixed(2)}, ${p99.toFixed(2)}`;
  const rows = [
    ["", "modem", "bare echo", "modem / echo", "CPU s per 10,000, modem and echo"],
    ["---", "---:", "---:", "---:", "---:"],
    ...summaries.map(({ title, modem, echo, ratio }) => [
      title,
      number(modem.rate),
      number(echo.rate),
      ratio.toFixed(2),
      `${modem.cpuPer10k.toFixed(2)}, ${echo.cpuPer10k.toFixed(2)}`,
    ]),
    ["AT round trip ms, p50 and p99", trips(roundTrip.modem), trips(roundTrip.echo), "", ""],
    [
      `resident MB before and after ${requests.toLocaleString("en")} reads`,
      `${megabytes(before.rss)}, ${megabytes(after.rss)}`,
      "",
      "",
      "",
    ],
    ["heap MB before and after", `${megabytes(before.heapUsed)}, ${megabytes(after.heapUsed)}`, "", "", ""],
    [
      `resident MB at the end of a push of ${BODY_BYTES / 2 ** 20} and of ${LARGEST_PACKAGE_BYTES / 2 ** 20} MiB`,
      packages.map(({ rss }) => megabytes(rss)).join(", "),
      "",
      "",
      "",
    ],
    [
      "heap and buffers MB then",
      packages.map(({ heapUsed, arrayBuffers }) => megabytes(heapUsed + arrayBuffers)).join(", "),
      "",
      "",
      "",
    ],
  ];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

await freshen();
const directory = mkdtempSync(join(tmpdir(), "bg96-bench-"));
let modem;
let echo;
let ports;
let repository;
/** A package of firmware. */
const packageOf = (bytes) => {
  const file = join(directory, `${bytes}.bin`);
  execFileSync(process.execPath, [
    PROGRAM,
    "firmware",
    "make",
    "--version",
    "BENCH",
    "--size",
    String(bytes),
    "--output",
    file,
  ]);
  return readFileSync(file);
};
try {
  echo = await open(ECHO, (port) => [String(port)]);
  modem = await open(PROGRAM, (port) => [
    ...["run", "--boot", "instant", "--register", "--server", `coap://127.0.0.1:${port}`, "--endpoint", "bench"],
    ...["--efs", join(directory, "efs"), "--tty", join(directory, "tty")],
  ]);
  const firmwares = [BODY_BYTES, LARGEST_PACKAGE_BYTES].map(packageOf);
  repository = await openRepository(firmwares[0]);
  ports = await openPorts(modem, directory);
  const all = runAll(modem, echo, ports, measuresOf(firmwares[0], repository), firmwares);
  const { results, memory } = await Promise.race([all, modem.subject.failed, echo.subject.failed]);
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    platform: `${process.platform} ${process.arch}`,
    load: loadavg()[0],
  };
  const summaries = results.map(summarise);
  if (options.json) console.log(JSON.stringify({ machine, summaries, rounds: results, memory }, null, 1));
  else {
    console.log(`\n${tableOf(summaries, memory)}\n`);
    console.log(
      `Medians of ${rounds} interleaved round${rounds > 1 ? "s" : ""}; Node.js ${machine.node}, ${machine.cores} × ${machine.cpu}, ${machine.platform}, load ${machine.load.toFixed(1)}.`,
    );
  }
} finally {
  ports?.modem.load.close();
  ports?.echo.load.close();
  await Promise.allSettled([modem?.subject.end(), echo?.subject.end(), ports?.echo.subject.end()]);
  modem?.load.close();
  echo?.load.close();
  repository?.close();
  rmSync(directory, { recursive: true, force: true });
}
