/** Of the TCP/IP commands those that open no connection: name servers, time, echoes, the latest error. All of it is simulated: nothing leaves the process. */
import { isIP } from "node:net";
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { TCPIP_TEXTS } from "#at/error-codes";
import { nameServersOf } from "#at/network/name-servers";
import { integer, optional, string } from "#at/parameter";
import { TcpipError } from "#at/result";
import { isOnline } from "#modem/network";
import { CONTEXT_IDS } from "#modem/pdp-contexts";
import type { AccessTechnology, NetworkReport } from "#modem/state";

const spec = "BG96 TCP/IP Application Note §2";
const errors = "tcpip";
const cid = integer("contextID", CONTEXT_IDS);
const host = string("host", { min: 1, max: 255, pattern: /^[!#-~]+$/ });

/** There and back. */
const ROUND_TRIP_MS: Readonly<Record<AccessTechnology, number>> = { "CAT-M1": 90, "CAT-NB1": 1200, GSM: 500 };
const TIMED_OUT = 569;

/** @throws TcpipError(561) */
function requireContext({ modem }: CommandContext, id: number): void {
  if (!modem.state.pdp[id]?.active) throw new TcpipError(561, "the context is not active");
}

/** Reports later, unless the power is lost meanwhile. */
function report({ modem, runtime }: CommandContext, delayMs: number, make: () => NetworkReport): void {
  const { boots } = modem.state.power;
  runtime.clock.after(delayMs, () => {
    const { power } = modem.state;
    if (power.boots === boots && power.phase === "running") modem.update({ networkReport: make() });
  });
}

/** A round trip now: up to a fifth longer than the shortest. */
const roundTrip = ({ modem, runtime }: CommandContext) => {
  return Math.round(ROUND_TRIP_MS[modem.state.radio.technology] * (1 + runtime.random.fraction() / 5));
};

/** Whether the context still reaches the network. */
const reaches = ({ modem }: CommandContext, id: number) => isOnline(modem.state) && modem.state.pdp[id]?.active === true;

/** An address of the block for documentation (RFC 5737), the same for the same name. */
function addressOf(name: string): string {
  if (isIP(name) !== 0) return name;
  const sum = [...name.toLowerCase()].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % 253, 0);
  return `203.0.113.${sum + 1}`;
}

const NO_ADDRESS = "0.0.0.0";

const qidnscfg = defineCommand({
  name: "+QIDNSCFG",
  title: "Name servers of a context: kept and told, nothing asks them",
  spec: `${spec}.1.15`,
  errors,
  parameters: [cid, optional(string("pridnsaddr", { min: 1, max: 64 })), optional(string("secdnsaddr", { max: 64 }))],
  test: () => ["+QIDNSCFG: (1-16),<pridnsaddr>,<secdnsaddr>"],
  write(context, { contextID, pridnsaddr, secdnsaddr }) {
    if (pridnsaddr === undefined && secdnsaddr !== undefined) throw new TcpipError(552, "pridnsaddr is missing");
    if (pridnsaddr === undefined) return [`+QIDNSCFG: ${contextID},"${nameServersOf(context, contextID).join('","')}"`];
    if (isIP(pridnsaddr) === 0 || isIP(secdnsaddr ?? NO_ADDRESS) === 0) throw new TcpipError(552, "not an address");
    requireContext(context, contextID);
    context.session.scratch.nameServers[contextID] = [pridnsaddr, secdnsaddr ?? NO_ADDRESS];
    return [];
  },
});

const qigeterror = defineCommand({
  name: "+QIGETERROR",
  title: "Result of the latest TCP/IP command",
  spec: `${spec}.1.17`,
  execute: ({ session: { tcpipError } }) => [`+QIGETERROR: ${tcpipError},${TCPIP_TEXTS[tcpipError]}`],
});

const qntp = defineCommand({
  name: "+QNTP",
  title: "Time as from a server; the clock takes it over unless autosettime is 0",
  spec: `${spec}.1.14`,
  errors,
  parameters: [cid, host, optional(integer("port", { min: 1, max: 65_535 })), optional(integer("autosettime", [0, 1]))],
  test: () => ["+QNTP: (1-16),<server>,(1-65535),(0,1)"],
  // nothing to be told between two orders: +QNTP comes after one round trip
  read: () => [],
  write(context, { contextID, autosettime = 1 }) {
    const { modem, runtime } = context;
    requireContext(context, contextID);
    report(context, roundTrip(context), () => {
      const error = reaches(context, contextID) ? 0 : TIMED_OUT;
      if (error === 0 && autosettime === 1) modem.update((state) => ({ time: { ...state.time, offsetMs: 0 } }));
      return { kind: "time", error, utcMs: runtime.clock.now() };
    });
    return [];
  },
});

const ECHO_BYTES = 32;

/** Sends echoes one after the other, then tells the sums. */
function ping(context: CommandContext, order: { id: number; address: string; timeoutS: number; count: number }): void {
  const { id, address, timeoutS, count } = order;
  const times: number[] = [];
  const next = (sent: number) => {
    if (sent === count) return report(context, 0, () => sums(count, times));
    const ms = roundTrip(context);
    const isAnswered = reaches(context, id) && ms <= timeoutS * 1000;
    report(context, isAnswered ? ms : timeoutS * 1000, () => {
      if (isAnswered) times.push(ms);
      next(sent + 1);
      return { kind: "echo", error: isAnswered ? 0 : TIMED_OUT, address, bytes: ECHO_BYTES, ms };
    });
  };
  next(0);
}

function sums(sent: number, times: readonly number[]): NetworkReport {
  const received = times.length;
  const average = received === 0 ? 0 : Math.round(times.reduce((sum, each) => sum + each, 0) / received);
  const ms = { least: received === 0 ? 0 : Math.min(...times), most: Math.max(0, ...times), average };
  return { kind: "echoes", error: received === 0 ? TIMED_OUT : 0, sent, received, ms };
}

const qping = defineCommand({
  name: "+QPING",
  title: "Echoes as of a host: nothing leaves the process",
  spec: `${spec}.1.13`,
  errors,
  parameters: [cid, host, optional(integer("timeout", { min: 1, max: 255 })), optional(integer("pingnum", { min: 1, max: 10 }))],
  test: () => ["+QPING: (1-16),<host>,(1-255),(1-10)"],
  write(context, { contextID, host: name, timeout = 4, pingnum = 4 }) {
    requireContext(context, contextID);
    ping(context, { id: contextID, address: addressOf(name), timeoutS: timeout, count: pingnum });
    return [];
  },
});

export const tcpipCommands: readonly CommandDefinition[] = [qidnscfg, qigeterror, qntp, qping];
