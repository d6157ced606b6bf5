/** The demo server's commands, in the words of Cumulocity's LwM2M shell, and how answers and events are printed. */
import { formatScalar, type JsonValue, type Leaf, takesBytes, type Values } from "#demo-server/content";
import { readPayloadFile } from "#demo-server/payload-file";
import type { Answer, DemoEvent, DemoServer } from "#demo-server/server";

export interface ConsoleResult {
  /** Whether it was understood and the Client answered 2.xx. */
  readonly ok: boolean;
  readonly lines: readonly string[];
}

export const CONSOLE_HELP: readonly string[] = [
  "clients                             who is registered",
  "read /3/0/9                         read a Resource, Object Instance or Object",
  "observe /3/0/9                      read it, and print it again whenever it changes",
  "cancelobservation /3/0/9            end that",
  "write /1/1/1 60                     write a Resource; opaque values as 0x0102",
  "write /5/0/0 @fw.bin                write a file to an opaque Resource, in blocks if it is large",
  'write /19/0 {"0":"0x01"}            replace an Object Instance',
  "execute /3/0/4                      execute a Resource, with arguments after it if any",
  "discover /3                         list what is there, with its attributes",
  "writeattr /3/0/9 pmin=1&pmax=5      set attributes of observations",
  'create /19 {"0":"0x01"}             create an Object Instance; /19/2 names its id',
  "delete /19/0                        delete an Object Instance",
  "help, quit",
  "",
  "With several clients registered, an endpoint name stands first: urn:imei:… read /3/0/9",
];

/** Verbs that go to a Client: which paths they take, and whether something must follow the path. */
interface Verb {
  /** Smallest and largest number of ids in the path. */
  readonly ids: readonly [number, number];
  readonly rest: "none" | "optional" | "needed";
  run(server: DemoServer, endpoint: string, path: string, rest: string): Promise<Answer>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  read: { ids: [1, 3], rest: "none", run: (server, endpoint, path) => server.read(endpoint, path) },
  observe: { ids: [1, 3], rest: "none", run: (server, endpoint, path) => server.observe(endpoint, path) },
  cancelobservation: {
    ids: [1, 3],
    rest: "none",
    run: (server, endpoint, path) => server.cancelObservation(endpoint, path),
  },
  discover: { ids: [1, 3], rest: "none", run: (server, endpoint, path) => server.discover(endpoint, path) },
  execute: {
    ids: [3, 3],
    rest: "optional",
    run: (server, endpoint, path, rest) => server.execute(endpoint, path, rest),
  },
  delete: { ids: [2, 3], rest: "none", run: (server, endpoint, path) => server.delete(endpoint, path) },
  writeattr: {
    ids: [1, 3],
    rest: "needed",
    run: (server, endpoint, path, rest) => server.writeAttributes(endpoint, path, rest),
  },
  create: {
    ids: [1, 2],
    rest: "optional",
    run: async (server, endpoint, path, rest) => server.create(endpoint, path, rest === "" ? {} : parseValues(rest)),
  },
  write: {
    ids: [2, 3],
    rest: "needed",
    run: async (server, endpoint, path, rest) =>
      path.split("/").length === 4
        ? server.write(endpoint, path, rest.startsWith("@") && takesBytes(path) ? readPayloadFile(rest.slice(1)) : rest)
        : server.writeInstance(endpoint, path, parseValues(rest), "replace"),
  },
};

/** @returns why a line is no command, whichever clients there are; undefined when it is one. */
export function refusalOf(line: string): string | undefined {
  try {
    if (!isAboutServer(line.trim())) understand(line.trim());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs one line; "quit" is the caller's. Never throws. */
export async function runConsoleLine(server: DemoServer, line: string): Promise<ConsoleResult> {
  try {
    return await run(server, line.trim());
  } catch (error) {
    return { ok: false, lines: [(error as Error).message] };
  }
}

export function formatAnswer(answer: Answer): string[] {
  if (answer.location !== undefined) return [`${answer.code} ${answer.location}`];
  const head = `${answer.code} ${answer.path}`;
  const [only] = answer.values;
  if (only !== undefined && answer.values.length === 1 && only.path === answer.path)
    return [`${head} = ${textOf(only)}`];
  if (answer.values.length > 0) return [head, ...answer.values.map((leaf) => `  ${leaf.path} = ${textOf(leaf)}`)];
  if (answer.payload.length === 0) return [head];
  return [
    `${head} ${isText(answer.payload) ? answer.payload.toString("utf8") : `0x${answer.payload.toString("hex")}`}`,
  ];
}

export function formatEvent(event: DemoEvent): string[] {
  switch (event.type) {
    case "notification": {
      const [first = "", ...more] = formatAnswer(event.answer);
      return [`notify ${event.endpoint} ${first}`, ...more];
    }
    case "bootstrapped":
      return [`bootstrapped ${event.endpoint}`];
    case "bootstrapFailed":
      return [`bootstrap failed ${event.endpoint}: ${event.reason}`];
    case "registered": {
      const { endpoint, lifetimeS, address, objects } = event.registration;
      return [`registered ${endpoint} at ${address.address}:${address.port}, ${lifetimeS} s, ${objects.join(",")}`];
    }
    default:
      return [`${event.type} ${event.registration.endpoint}`];
  }
}

async function run(server: DemoServer, line: string): Promise<ConsoleResult> {
  if (line === "") return { ok: true, lines: [] };
  if (line === "help") return { ok: true, lines: CONSOLE_HELP };
  if (line === "clients") return { ok: true, lines: clientsOf(server) };
  const { verb, endpoint, path, rest } = understand(line);
  const answer = await verb.run(server, endpoint ?? onlyClientOf(server), path, rest);
  return { ok: answer.code.startsWith("2."), lines: formatAnswer(answer) };
}

const isAboutServer = (line: string): boolean => ["", "help", "clients"].includes(line);

/** @throws Error telling what is wrong with the line. */
function understand(line: string): { verb: Verb; endpoint: string | undefined; path: string; rest: string } {
  const { name, endpoint, path, rest } = parseLine(line);
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw new Error(`${name}: no such command, try help`);
  const ids = path?.split("/").length ?? 1;
  if (path === undefined || !isPath(path) || ids - 1 < verb.ids[0] || ids - 1 > verb.ids[1]) {
    const [least, most] = verb.ids;
    throw new Error(
      `${name}: takes a path of ${least === most ? least : `${least} to ${most}`} ids, such as ${EXAMPLES[most - 1]}`,
    );
  }
  if (verb.rest === "needed" && rest === "") throw new Error(`${name}: something is missing after ${path}, try help`);
  if (verb.rest === "none" && rest !== "") throw new Error(`${name}: nothing may follow ${path}`);
  return { verb, endpoint, path, rest };
}

const EXAMPLES = ["/3", "/3/0", "/3/0/9"];

/** "[endpoint] verb path rest" or "verb endpoint path rest". */
function parseLine(line: string): { name: string; endpoint?: string; path: string | undefined; rest: string } {
  const [, first = "", second = "", third = ""] = /^(\S+)(?:\s+(\S+))?(?:\s+(\S+))?/.exec(line) ?? [];
  const after = (words: number) => line.replace(new RegExp(`^(?:\\S+\\s*){${words}}`), "").trim();
  if (Object.hasOwn(VERBS, second)) return { endpoint: first, name: second, path: third || undefined, rest: after(3) };
  if (second !== "" && !second.startsWith("/"))
    return { name: first, endpoint: second, path: third || undefined, rest: after(3) };
  return { name: first, path: second || undefined, rest: after(2) };
}

function isPath(path: string): boolean {
  return /^(\/(0|[1-9]\d{0,4}))+$/.test(path) && path.split("/").every((id) => Number(id) < 65535);
}

function onlyClientOf(server: DemoServer): string {
  const [only, ...others] = server.registrations;
  if (!only) throw new Error("clients: none is registered");
  if (others.length > 0) throw new Error("clients: several are registered, put an endpoint name first");
  return only.endpoint;
}

function clientsOf(server: DemoServer): string[] {
  if (server.registrations.length === 0) return ["no client is registered"];
  return server.registrations.map(
    ({ endpoint, address, lifetimeS, binding, version, objects }) =>
      `${endpoint} at ${address.address}:${address.port}, lifetime ${lifetimeS} s, binding ${binding}, lwm2m ${version}, ${objects.join(",")}`,
  );
}

function parseValues(text: string): Values {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`values: not JSON (${(error as Error).message})`);
  }
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
  const fits = (value: unknown): value is JsonValue =>
    isScalar(value) || (isObject(value) && Object.values(value).every(isScalar));
  if (!isObject(parsed) || Array.isArray(parsed) || !Object.values(parsed).every(fits)) {
    throw new Error('values: an object of Resource ids is needed, such as {"0":"text","6":{"0":1,"1":5}}');
  }
  return parsed as Values;
}

function textOf(leaf: Leaf): string {
  return formatScalar(leaf.value);
}

function isText(payload: Buffer): boolean {
  const text = payload.toString("utf8");
  return !text.includes("\ufffd") && !/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(text);
}
