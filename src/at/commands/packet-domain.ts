/**
 * Packet data: contexts and their data calls. Context 1 is that of the attach: on LTE the default bearer holds it up,
 * whatever the host does. AT+CGDCONT and AT+QICSGP define one and the same context, for the next attach or activation;
 * AT+QIACT activates it for the host, over the default bearer where the APN is the bearer's.
 */
import { type Answer, type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { cgatt } from "#at/commands/attach";
import type { TcpipCode } from "#at/error-codes";
import { nameServersOf } from "#at/network/name-servers";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError, CommandError, TcpipError } from "#at/result";
import { activate, callOf, type DataCallFailure, deactivate, defineContext } from "#modem/data-call";
import { inService } from "#modem/network";
import { CONTEXT_IDS, contextOf, contextsOf, routerFor } from "#modem/pdp-contexts";
import type { PdpContext, PdpType } from "#modem/state";
import { noTraffic } from "#modem/traffic-meter";

/** BG96: <context_type> of AT+QICSGP and AT+QIACT. */
const TYPE_NUMBERS: Readonly<Record<PdpType, number>> = { IP: 1, IPV6: 2, IPV4V6: 3 };
const TYPES: Readonly<Record<1 | 2 | 3, PdpType>> = { 1: "IP", 2: "IPV6", 3: "IPV4V6" };

/** What +CGDCONT prints for the address, given or not: it is the one asked for (3GPP TS 27.007 §10.1.1). */
const UNSET_ADDRESS: Readonly<Record<PdpType, string>> = {
  IP: "0.0.0.0",
  IPV6: "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
  IPV4V6: "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
};

/** What AT+QIGETERROR tells of a call that the network refuses. */
const REFUSALS: Readonly<Record<DataCallFailure, TcpipCode>> = {
  "not registered": 561,
  detached: 561,
  "no such context": 561,
  "no APN": 573,
  "APN refused": 561,
  "APN in use": 561,
};

/** Does it when the network has taken its time, unless the power is lost meanwhile. */
function whenAnswered({ modem, runtime }: CommandContext, task: () => readonly string[]): Answer {
  const { network, power } = modem.state;
  if (network.activationS === 0) return task();
  return new Promise((resolve, reject) => {
    runtime.clock.after(network.activationS * 1000, () => {
      if (modem.state.power.boots !== power.boots || modem.state.power.phase !== "running") return resolve([]);
      try {
        resolve(task());
      } catch (error) {
        reject(error);
      }
    });
  });
}

const cid = integer("cid", CONTEXT_IDS);
/** Text that stands in quotes again when it is printed. */
const name = <const Name extends string>(of: Name, max: number) => string(of, { max, pattern: /^[\x20-\x7e]*$/ });

const cgdcont = defineCommand({
  name: "+CGDCONT",
  title: "Define a PDP context; context 1 is that of the attach",
  spec: "3GPP TS 27.007 §10.1.1",
  parameters: [
    cid,
    optional(word("PDP_type", ["IP", "IPV6", "IPV4V6"])),
    optional(name("APN", 63)),
    optional(name("PDP_addr", 64)),
    optional(integer("d_comp", [0, 1, 2])),
    optional(integer("h_comp", [0, 1, 2, 3, 4])),
  ],
  test: () => (["IP", "IPV6", "IPV4V6"] as const).map((type) => `+CGDCONT: (1-16),"${type}",,,(0-2),(0-4)`),
  read: ({ modem }) =>
    contextsOf(modem.state).map(([id, { type, apn }]) => {
      // without an APN of its own it has the one that the network has given it
      const shown = apn === "" ? (callOf(modem.state, id)?.apn ?? "") : apn;
      return `+CGDCONT: ${id},"${type}","${shown}","${UNSET_ADDRESS[type]}",0,0,0,0`;
    }),
  write({ modem }, { cid, PDP_type, APN }) {
    modem.update((state) => {
      if (PDP_type !== undefined) return defineContext(state, cid, { type: PDP_type, apn: APN ?? "" });
      // 27.007 §10.1.1: <cid> alone makes the context undefined; that of the attach is then the factory's again.
      if (state.pdp[cid]?.active) throw new CmeError(3, "the context is active");
      return { pdp: Object.fromEntries(Object.entries(state.pdp).filter(([id]) => Number(id) !== cid)) };
    });
    return [];
  },
});

function contextLine(context: PdpContext | undefined): string {
  const { type, apn, user, password, authentication } = context ?? { type: "IP" as const, apn: "", user: "", password: "", authentication: 0 };
  return `+QICSGP: ${TYPE_NUMBERS[type]},"${apn}","${user}","${password}",${authentication}`;
}

const qicsgp = defineCommand({
  name: "+QICSGP",
  title: "Configure a context",
  spec: "BG96 TCP/IP Application Note §2.1.1",
  errors: "tcpip",
  parameters: [
    cid,
    optional(integer("context_type", [1, 2, 3])),
    optional(name("APN", 100)),
    optional(name("username", 127)),
    optional(name("password", 127)),
    optional(integer("authentication", [0, 1, 2, 3])),
  ],
  test: () => ["+QICSGP: (1-16),(1-3),<APN>,<username>,<password>,(0-3)"],
  write({ modem }, { cid, context_type, APN, username, password, authentication }) {
    if (context_type === undefined) return [contextLine(modem.state.pdp[cid])];
    if (APN === undefined) throw new CmeError(50, "APN is missing");
    modem.update((state) =>
      defineContext(state, cid, {
        type: TYPES[context_type],
        apn: APN,
        user: username ?? "",
        password: password ?? "",
        authentication: authentication ?? 0,
      }),
    );
    return [];
  },
});

const qiact = defineCommand({
  name: "+QIACT",
  title: "Activate a context",
  spec: "BG96 TCP/IP Application Note §2.1.2",
  errors: "tcpip",
  // CodeZoo's library sends a second 1.
  parameters: [cid, optional(integer("mode", [0, 1]))],
  test: () => ["+QIACT: (1-16)"],
  read: ({ modem }) =>
    contextsOf(modem.state)
      .filter(([, { active }]) => active)
      .map(([id, { type, address }]) => `+QIACT: ${id},1,${TYPE_NUMBERS[type]},"${address}"`),
  write(context, { cid }) {
    const { modem } = context;
    if (modem.state.pdp[cid]?.active) return [];
    return whenAnswered(context, () => {
      const call = activate(modem.state, cid);
      if (!call.ok) throw new TcpipError(REFUSALS[call.reason], call.reason);
      modem.update(call.change);
      return [];
    });
  },
});

/** BG96: what the network refuses is NO CARRIER. */
const refused = (reason: DataCallFailure, isByNetwork: boolean) =>
  isByNetwork ? new CommandError(`no data call: ${reason}`, "NO CARRIER") : new CmeError(30, reason);

const cgact = defineCommand({
  name: "+CGACT",
  title: "Activate or deactivate a context",
  spec: "3GPP TS 27.007 §10.1.10",
  parameters: [integer("state", [0, 1]), optional(cid)],
  test: () => ["+CGACT: (0,1)"],
  read: ({ modem }) => contextsOf(modem.state).map(([id]) => `+CGACT: ${id},${callOf(modem.state, id) ? 1 : 0}`),
  write(context, { state: wanted, cid: only }) {
    const { modem } = context;
    const ids = only === undefined ? contextsOf(modem.state).map(([id]) => id) : [only];
    if (wanted === 0) {
      // 27.007 §10.1.10: the last PDN connection of LTE cannot be ended
      const isBearerAlone = only !== undefined && !modem.state.pdp[only]?.active && callOf(modem.state, only) !== undefined;
      if (isBearerAlone) throw new CmeError(3, "the default bearer");
      for (const id of ids) modem.update((state) => deactivate(state, id));
      return [];
    }
    const activateAll = () => {
      for (const id of ids) {
        const call = activate(modem.state, id);
        if (call.ok) modem.update(call.change);
        // the attach's is up, whatever its definition is worth
        else if (!callOf(modem.state, id)) throw refused(call.reason, inService(modem.state));
      }
      return [];
    };
    return ids.every((id) => callOf(modem.state, id)) ? activateAll() : whenAnswered(context, activateAll);
  },
});

const qideact = defineCommand({
  name: "+QIDEACT",
  title: "Deactivate a context",
  spec: "BG96 TCP/IP Application Note §2.1.3",
  errors: "tcpip",
  parameters: [cid],
  write({ modem }, { cid }) {
    modem.update((state) => deactivate(state, cid));
    return [];
  },
});

/** BG96: an inactive context has no address behind its id. */
const addressLine = ({ modem }: CommandContext, id: number) => {
  const call = callOf(modem.state, id);
  return call ? `+CGPADDR: ${id},"${call.address}"` : `+CGPADDR: ${id}`;
};

const cgpaddr = defineCommand({
  name: "+CGPADDR",
  title: "Addresses of the contexts",
  spec: "3GPP TS 27.007 §10.1.14",
  parameters: [cid],
  test: ({ modem }) => [
    `+CGPADDR: (${contextsOf(modem.state)
      .map(([id]) => id)
      .join(",")})`,
  ],
  write: (context, { cid }) => [addressLine(context, cid)],
  execute: (context) => contextsOf(context.modem.state).map(([id]) => addressLine(context, id)),
});

const cgauth = defineCommand({
  name: "+CGAUTH",
  title: "Authentication of a context",
  spec: "3GPP TS 27.007 §10.1.31",
  parameters: [cid, optional(integer("auth_prot", [0, 1, 2])), optional(name("userid", 127)), optional(name("password", 127))],
  test: () => ["+CGAUTH: (1-16),(0-2),127,127"],
  read: ({ modem }) => contextsOf(modem.state).map(([id, { authentication, user, password }]) => `+CGAUTH: ${id},${authentication},"${user}","${password}"`),
  write({ modem }, { cid, auth_prot: authentication = 0, userid: user = "", password = "" }) {
    if (!contextOf(modem.state, cid)) throw new CmeError(3, "the context is not defined");
    modem.update((state) => defineContext(state, cid, { authentication, user, password }));
    return [];
  },
});

const BEARER_OFFSET = 4; // BG96: the first default bearer is 5

/** Address and mask in one text, as 27.007 has it for IPv4. */
function dynamicLine(context: CommandContext, id: number): readonly string[] {
  const call = callOf(context.modem.state, id);
  if (!call) return [];
  const { apn, address } = call;
  const masked = address.includes(":") ? address : `${address}.255.255.255.0`;
  const [primary, secondary] = nameServersOf(context, id);
  return [`+CGCONTRDP: ${id},${id + BEARER_OFFSET},"${apn}","${masked}","${routerFor(address)}","${primary}","${secondary}"`];
}

const cgcontrdp = defineCommand({
  name: "+CGCONTRDP",
  title: "What the network has given a context",
  spec: "3GPP TS 27.007 §10.1.23",
  parameters: [cid],
  test: ({ modem }) => [
    `+CGCONTRDP: (${contextsOf(modem.state)
      .flatMap(([id]) => (callOf(modem.state, id) ? [id] : []))
      .join(",")})`,
  ],
  write: (context, { cid }) => dynamicLine(context, cid),
  execute: (context) => contextsOf(context.modem.state).flatMap(([id]) => dynamicLine(context, id)),
});

const cgerep = defineCommand({
  name: "+CGEREP",
  title: "Packet domain event reporting",
  spec: "3GPP TS 27.007 §10.1.19",
  parameters: [integer("mode", [0, 1, 2]), optional(integer("bfr", [0, 1]))],
  read: ({ session }) => [`+CGEREP: ${session.cgerep.join(",")}`],
  write({ session }, { mode, bfr = 0 }) {
    session.cgerep = [mode, bfr];
    return [];
  },
  execute({ session }) {
    session.cgerep = [0, 0];
    return [];
  },
});

/** The counters of /7, in bytes. */
const qgdcnt = defineCommand({
  name: "+QGDCNT",
  title: "Packet data counter: 0 resets, 1 keeps",
  spec: "BG96 AT Commands Manual §10",
  parameters: [integer("op", [0, 1])],
  read: ({ modem: { state } }) => [`+QGDCNT: ${state.traffic.txBytes},${state.traffic.rxBytes}`],
  write({ modem }, { op }) {
    if (op === 0) modem.update(({ traffic: { collecting, periodS } }) => ({ traffic: { ...noTraffic, collecting, periodS } }));
    return [];
  },
});

export const packetDomainCommands: readonly CommandDefinition[] = [cgatt, cgdcont, cgact, cgauth, cgcontrdp, cgerep, qgdcnt, qicsgp, qiact, qideact, cgpaddr];
