/** AT+QLWM2M: which server, by which name, in which mode. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { checkLifetime, lifetimeParameter } from "#at/commands/qlwm2m-lifetime";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError } from "#at/result";
import type { SecurityMode } from "#lwm2m/account-settings";
import { ClientError } from "#lwm2m/client";
import { endpointName } from "#lwm2m/endpoint-name";
import type { Profile } from "#lwm2m/profiles";
import type { Mbsps } from "#lwm2m/settings";
import type { ModemState } from "#modem/state";

const spec = "BG96 LwM2M User Guide V1.1 §4.1";

/** Printable ASCII without the quote. */
const PRINTABLE = /^[\x20\x21\x23-\x7e]*$/;

/** The value to print. @throws ClientError when nothing is set. */
function configured<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ClientError(`${name}: not configured`);
  return value;
}

/** What each <server_type> of the guide's edition 1.0 is in 1.1, whose numbers are kept. */
const FIRST_EDITION: readonly Profile[] = [0, 1, 3, 4];

const select = defineCommand({
  name: "select",
  title: "Type of LwM2M Server: 0 Leshan, 1 T-Mobile, 2 LGU+, 3 Verizon, 4 Ericsson, 5 AT&T",
  spec,
  parameters: [integer("server_type", [0, 1, 2, 3, 4, 5])],
  read({ lwm2m, spelling: { edition } }) {
    const type = edition === "1.0" ? FIRST_EDITION.indexOf(lwm2m.profile) : lwm2m.profile;
    if (type < 0) throw new ClientError(`select: edition ${edition} has no number for profile ${lwm2m.profile}`);
    return [`+QLWM2M: "select",${type}`];
  },
  write({ lwm2m, spelling: { edition } }, { server_type }) {
    const profile = edition === "1.0" ? FIRST_EDITION[server_type] : server_type;
    if (profile === undefined) throw new CmeError(50, `server_type: edition ${edition} has no ${server_type}`);
    lwm2m.selectProfile(profile);
    return [];
  },
});

const cdp = defineCommand({
  name: "cdp",
  title: "LwM2M Server address and port",
  spec,
  parameters: [string("server", { min: 1, max: 255 }), integer("port", { min: 0, max: 65535 })],
  read({ lwm2m }) {
    const { host, port } = configured(lwm2m.server, "cdp");
    return [`+QLWM2M: "cdp","${host}",${port}`];
  },
  write({ lwm2m }, { server, port }) {
    lwm2m.setServer(server, port);
    return [];
  },
});

const epns = defineCommand({
  name: "epns",
  title: "Endpoint name: 0 derived by LGU+ rules, 1 as given",
  spec,
  parameters: [integer("auto_mode", [0, 1]), string("ep_name", { min: 1, max: 128, pattern: PRINTABLE })],
  read({ lwm2m, modem: { state }, spelling: { epnsMode } }) {
    const derived = () => endpointName(lwm2m.endpointForms.registration, state.identity.imei, state.sim.msisdn, "registration");
    const mode = epnsMode ? `${lwm2m.endpointMode ?? 1},` : "";
    return [`+QLWM2M: "epns",${mode}"${lwm2m.endpointName ?? derived()}"`];
  },
  write({ lwm2m }, { auto_mode, ep_name }) {
    lwm2m.setEndpointName(auto_mode, ep_name);
    return [];
  },
});

const bsmode = defineCommand({
  name: "bsmode",
  title: "Bootstrap mode: 0 factory, 1 client-initiated",
  spec,
  parameters: [integer("bs_mode", [0, 1])],
  read: ({ lwm2m }) => [`+QLWM2M: "bsmode",${lwm2m.bootstrapMode}`],
  write({ lwm2m }, { bs_mode }) {
    lwm2m.setBootstrapMode(bs_mode);
    return [];
  },
});

const field = <const Name extends string>(name: Name) => string(name, { max: 64, bare: true, pattern: PRINTABLE });

const MAC = /^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}$/;

/** What the guide's parameter table says of them. @throws CmeError naming the first that is something else */
function checkMbsps(values: Mbsps, { identity: { imei }, sim: { msisdn, iccid } }: ModemState): void {
  const fits: Readonly<Record<keyof Mbsps, boolean>> = {
    serviceCode: values.serviceCode !== "",
    serialNumber: values.serialNumber === imei,
    cnt: msisdn === undefined ? /^\+?\d+$/.test(values.cnt) : values.cnt.replace(/^\+/, "") === msisdn.replace(/^\+/, ""),
    iccid: values.iccid === iccid,
    module: values.module !== "",
    mac: MAC.test(values.mac ?? ""),
  };
  for (const [name, isFit] of Object.entries(fits)) if (!isFit) throw new CmeError(50, `mbsps: ${name}`);
}

const mbspsAs = (name: "mbsps" | "mbmps") =>
  defineCommand({
    name,
    title: "What LGU+ asks for to authenticate",
    spec,
    parameters: [field("srvCode"), field("seriaNo"), field("cnt"), field("iccid"), field("module"), optional(field("mac"))],
    read({ lwm2m, spelling: { mbspsName } }) {
      const { serviceCode, serialNumber, cnt, iccid, module, mac } = configured(lwm2m.mbsps, "mbsps");
      const values = [serviceCode, serialNumber, cnt, iccid, module, ...(mac === undefined ? [] : [mac])];
      return [`+QLWM2M: "${mbspsName === "asAsked" ? name : "mbsps"}",${values.map((each) => `"${each}"`).join(",")}`];
    },
    write({ lwm2m, modem, spelling }, { srvCode, seriaNo, cnt, iccid, module, mac }) {
      const values = { serviceCode: srvCode, serialNumber: seriaNo, cnt, iccid, module, mac };
      if (spelling.mbspsStrict) checkMbsps(values, modem.state);
      lwm2m.setMbsps(values);
      return [];
    },
  });

const mbsps = mbspsAs("mbsps");
// BG96: the guide's worked example (§6.2) spells it so
const mbmps = mbspsAs("mbmps");

/** The grammar depends on the category: kept as written until that is known. */
const instance = optional({ name: "instance", optional: false, range: "<instance>", parse: (text: string, quoted: boolean) => ({ text, quoted }) });

interface Category {
  write(context: CommandContext, text: string, quoted: boolean): void;
  query(context: CommandContext): string | number;
}

const URI = string("instance", { min: 1, max: 255 });
const LIFETIME = lifetimeParameter("instance");
const ACCESS = word("instance", ["0", "1", "false", "true"]);
const SECURITY = integer("instance", [0, 3]);

/** Server address, lifetime, access mode and security mode of the account in use. */
const CATEGORIES: Readonly<Record<1 | 2 | 3 | 4, Category>> = {
  1: {
    write: ({ lwm2m }, ...value) => lwm2m.setServerUri(URI.parse(...value)),
    query: ({ lwm2m }) => `"${configured(lwm2m.serverUri, "server address")}"`,
  },
  2: {
    write: (context, ...value) => context.lwm2m.setLifetime(checkLifetime(LIFETIME.parse(...value), context)),
    query: ({ lwm2m }) => configured(lwm2m.lifetimeS, "lifetime"),
  },
  3: {
    write({ lwm2m }, ...value) {
      const text = ACCESS.parse(...value);
      lwm2m.setBootstrapMode(text === "1" || text === "true" ? 1 : 0);
    },
    query: ({ lwm2m }) => lwm2m.bootstrapMode,
  },
  4: {
    write: ({ lwm2m }, ...value) => lwm2m.setSecurityMode(SECURITY.parse(...value) satisfies SecurityMode),
    query: ({ lwm2m }) => configured(lwm2m.securityMode, "security mode"),
  },
};

const bootstrap = defineCommand({
  name: "bootstrap",
  title: "bootstrap.ini: 0 restore, 1 server address, 2 lifetime, 3 access mode, 4 security mode; without a value, 1 to 4 are queries",
  spec,
  parameters: [integer("category", [0, 1, 2, 3, 4]), instance],
  write(context, { category, instance: value }) {
    if (category === 0) {
      if (value) throw new ClientError("bootstrap,0: takes no value");
      context.lwm2m.restoreFactory();
      return [];
    }
    if (!value) {
      const line = `+QLWM2M: "bootstrap",${category},${CATEGORIES[category].query(context)}`;
      if (category === 1 && context.spelling.bootstrapTriggers) context.client.register(false);
      return [line];
    }
    CATEGORIES[category].write(context, value.text, value.quoted);
    return [];
  },
});

export const qlwm2mServer: readonly CommandDefinition[] = [select, cdp, epns, bsmode, mbsps, mbmps, bootstrap];
