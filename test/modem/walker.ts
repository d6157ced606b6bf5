/** A whole module with its host and its Servers, of which any answer can be checked against all others. */
import { registrationStatus } from "#at/network/registration-line";
import { turnKnob } from "#control/knobs";
import { openModule } from "../support/at-module.ts";

export type Walker = Awaited<ReturnType<typeof openWalker>>;

const FINAL = /^(OK|ERROR|NO CARRIER|\+CM[ES] ERROR: .*)$/;
/** More than any answer takes (AT+QIACT: 150 s). */
const LONGEST_ANSWER_S = 200;
const URCS = "AT+CREG=1;+CGREG=1;+CEREG=1;+CGEREP=2,1";
const STATE =
  'AT+CREG?;+CGREG?;+CEREG?;+CGATT?;+COPS?;+CSQ;+QCSQ;+QNWINFO;+CGACT?;+CGPADDR;+QIACT?;+CIND?;+QENG="servingcell"';

/** What the module's files say otherwise than the factory's. */
const KINDS = [
  { lwm2mCfg: "", binding: "U", bootstrapsIfFails: 0 },
  { lwm2mCfg: "PER_REGSTATUS_FEAT=1;\n", binding: "U", bootstrapsIfFails: 0 },
  { lwm2mCfg: "PER_REGSTATUS_FEAT=1;\nACK_TIMEOUT=5;\nROAMING_FEAT=0;\n", binding: "UQ", bootstrapsIfFails: 0 },
  { lwm2mCfg: "REG_RETRY_MAXTIMEOUT=60;\n", binding: "U", bootstrapsIfFails: 1 },
] as const;
export const SERVER = "192.0.2.1";
const BOOTSTRAP_SERVER = "192.0.2.9";
const ini = (binding: string) => `{ "bn": "/0/0/",
  "e": [{ "n": "0", "sv": "coap://${BOOTSTRAP_SERVER}" }, { "n": "1", "bv": true }, { "n": "2", "v": 3 }, { "n": "10", "v": 100 }] }
{ "bn": "/0/1/",
  "e": [{ "n": "0", "sv": "coap://${SERVER}" }, { "n": "1", "bv": false }, { "n": "2", "v": 3 }, { "n": "10", "v": 102 }] }
{ "bn": "/1/1/",
  "e": [{ "n": "0", "v": 102 }, { "n": "1", "v": 300 }, { "n": "6", "bv": true }, { "n": "7", "sv": "${binding}" }] }
`;

export async function openWalker(seed: number) {
  const { lwm2mCfg, binding, bootstrapsIfFails } = KINDS[seed % KINDS.length]!;
  const server = { isReached: true, refuses: false };
  const module = await openModule({
    seed,
    autostart: true,
    files: {
      "/datatx/lwm2m_cfg": `{\n${lwm2mCfg}}\n`,
      "/datatx/bootstrap.ini": ini(binding),
      "/datatx/carrier_apn_cfg": `APN_NAME=carrierAPN1\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=${bootstrapsIfFails}\n`,
    },
    network: () => () => server.isReached,
    answer(request) {
      const [path] = request.uriPath ?? [];
      // the accounts stay as they are
      if (path === "bs") clock.after(10, () => void finishBootstrap().catch(() => {}));
      return path === "rd" && server.refuses ? { code: "4.03" } : undefined;
    },
  });
  const finishBootstrap = async () => {
    const asked = module.servers.findLast(({ target }) => target.host === BOOTSTRAP_SERVER);
    await asked?.endpoint.request({ method: "POST", uriPath: ["bs"] });
  };
  const { clock, modem, registry } = module;
  /** <stat> of +CEREG as the URCs have told it, and as it was, since the host asked for them. */
  let told: string[] = [];
  let been: string[] = [];
  /** Contexts that are active by +CGEV. */
  let active = new Set<string>();
  /** Boots in which the host has asked for URCs. */
  let informed = -1;
  let latest = "";
  modem.onChange(({ power }) => {
    if (power.phase !== "running") informed = -1;
    // once all that follows from a change has been done: a host cannot ask before
    queueMicrotask(() => {
      const stat = String(registrationStatus(modem.state, "CEREG"));
      if (stat !== latest) been.push(stat);
      latest = stat;
    });
  });
  const hear = (lines: readonly string[]) => {
    if (informed !== modem.state.power.boots) return lines;
    for (const line of lines) {
      const [, stat] = /^\+CEREG: (\d)$/.exec(line) ?? [];
      if (stat !== undefined) told.push(stat);
      const [, event, id] = /^\+CGEV: (?:ME|NW) (PDN ACT|PDN DEACT|DETACH)(?: (\d+))?$/.exec(line) ?? [];
      if (event === "PDN ACT") active.add(id!);
      if (event === "PDN DEACT") active.delete(id!);
      if (event === "DETACH") active.clear();
    }
    return lines;
  };
  const isUp = () => {
    const { phase, ready, sleeping, poweredDown } = modem.state.power;
    return phase === "running" && ready && !sleeping && !poweredDown;
  };
  const wait = async (ms: number) => {
    await clock.advance(ms);
    hear(module.take());
  };
  /** What is printed until the answer is there; undefined where the power goes before it. */
  const ask = async (line: string): Promise<readonly string[] | undefined> => {
    const { boots } = modem.state.power;
    const lines: string[] = [];
    let printed = hear(await module.type(`${line}\r`));
    for (let waitedS = 0; ; waitedS++) {
      lines.push(...printed.filter((each) => each !== line));
      if (lines.some((each) => FINAL.test(each))) return lines;
      if (modem.state.power.boots !== boots || !isUp()) return undefined;
      if (waitedS === LONGEST_ANSWER_S) throw new Error(`no answer to ${line}: ${lines.join(" | ")}`);
      await clock.advance(1000);
      printed = hear(module.take());
    }
  };
  /** The values of an answer by the name before them; undefined where the power is gone. */
  const read = async (line: string) => {
    const lines = await ask(line);
    if (!lines) return undefined;
    if (lines.at(-1) !== "OK") throw new Error(`${line}: ${lines.join(" | ")}`);
    return (name: string) =>
      lines.filter((each) => each.startsWith(`${name}: `)).map((each) => each.slice(name.length + 2));
  };
  return {
    ...module,
    server,
    isUp,
    wait,
    ask,
    read,
    /** As a host does after each boot. */
    async inform() {
      if (informed === modem.state.power.boots) return;
      await ask(URCS);
      const contexts = (await ask("AT+CGACT?")) ?? [];
      active = new Set(contexts.flatMap((each) => /^\+CGACT: (\d+),1$/.exec(each)?.[1] ?? []));
      told = [];
      been = [];
      informed = modem.state.power.boots;
    },
    heard: () => ({ told, been, active: [...active].sort() }),
    turn: (knob: string, value: unknown) => turnKnob(modem, knob, value),
    texts: (resourceId: number) => [
      ...((registry.value(4, 0, resourceId) ?? new Map()) as ReadonlyMap<number, string>).values(),
    ],
  };
}

/** What contradicts what in the answers; nothing is to. */
export async function contradictions(walker: Walker): Promise<readonly string[]> {
  const values = await walker.read(STATE);
  if (!values) return [];
  const found: string[] = [];
  const same = (what: string, one: unknown, other: unknown) => {
    const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
    if (a !== b) found.push(`${what}: ${a} but ${b}`);
  };
  const first = (name: string) => (values(name)[0] ?? "").split(",");
  const bare = (text: string | undefined) => text?.replaceAll('"', "");
  const [creg, cgreg, cereg] = ["+CREG", "+CGREG", "+CEREG"].map((name) => Number(first(name)[1]));
  const isServed = creg === 1 || creg === 5;
  const isAttached = first("+CGATT")[0] === "1";
  const technology = ({ 0: "GSM", 8: "CAT-M1", 9: "CAT-NB1" } as const)[Number(first("+COPS")[3])];
  same("an operator while registered", first("+COPS").length > 1, isServed);
  same("a network while registered", bare(first("+QNWINFO")[0]) !== "No Service", isServed);
  same("a signal of a technology while registered", bare(first("+QCSQ")[0]) !== "NOSERVICE", isServed);
  if (isServed) {
    same("+COPS and +QNWINFO", technology, bare(first("+QNWINFO")[0]));
    same("+COPS and +QCSQ", technology, bare(first("+QCSQ")[0]));
    same("registered with a signal", first("+CSQ")[0] !== "99", true);
    same("/4/0/0", walker.registry.value(4, 0, 0), { GSM: 0, "CAT-M1": 6, "CAT-NB1": 7 }[technology!]);
  }
  const isLte = isServed ? technology !== "GSM" : cereg === creg;
  same("+CEREG follows +CREG on LTE", cereg, isLte ? creg : isServed ? 4 : creg);
  same("+CGREG", cgreg, !isServed ? creg : isLte ? 4 : isAttached ? creg : 0);
  const [, bars, service, , roams, , packets] = first("+CIND").map(Number);
  same("+CIND and +CREG", [service, roams], [isServed ? 1 : 0, creg === 5 ? 1 : 0]);
  same("+CIND and +CGATT", packets, isAttached ? 1 : 0);
  same("bars with a signal alone", bars! > 0 && first("+CSQ")[0] === "99", false);
  if (isAttached) same("attached while registered", isServed, true);
  if (isServed && isLte) same("registered on LTE is attached", isAttached, true);
  same("camped", bare(first("+QENG")[1]) === "NOCONN", isServed);
  same("a cell with a signal alone", bare(first("+QENG")[1]) === "SEARCH", first("+CSQ")[0] === "99");

  const active = values("+CGACT")
    .filter((each) => each.endsWith(",1"))
    .map((each) => each.split(",")[0]);
  const addressed = values("+CGPADDR")
    .map((each) => each.split(","))
    .filter((each) => each.length > 1);
  same(
    "+CGACT and +CGPADDR",
    active,
    addressed.map(([id]) => id),
  );
  const addresses = new Map(addressed.map(([id, address]) => [id, bare(address)]));
  for (const line of values("+QIACT")) {
    const [id, , , address] = line.split(",");
    same(`+QIACT and +CGPADDR of ${id}`, bare(address), addresses.get(id));
  }
  if (!isAttached) same("no address while detached", [walker.texts(4), active], [[], []]);
  const ofServer = walker.texts(4);
  for (const address of addresses.values()) same(`${address} in /4/0/4`, ofServer.includes(address!), true);
  same("each address once", new Set(ofServer).size, ofServer.length);
  const heard = walker.heard();
  same("+CEREG URCs", heard.told, heard.been);
  same("+CGEV and +CGACT", heard.active, active);
  return found;
}
