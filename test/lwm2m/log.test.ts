/** What the log tells of the Client: a line for each step, with the server it is about, and no more. */
import { expect, it } from "vitest";
import type { Response } from "#coap/message";
import type { Log } from "#runtime";
import { hardware } from "../support/hardware.js";
import { type DeviceOptions, openDevice } from "../support/lwm2m-device.js";

const SERVER = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const BOOTSTRAP_SERVER = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100},{"n":"11","v":5}]}`;
const NAME = "urn:imei:864508030012428";
const URI = "coap://192.0.2.1:5683";
const BOOTSTRAP_URI = "coap://192.0.2.9:5783";
const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";

/** A device, started, and what its log tells at info and above, with the fields of whoever wrote it. */
async function open({ start = true, ...options }: DeviceOptions & { readonly start?: boolean }) {
  const lines: [message: string, fields: object][] = [];
  const logOf = (bound: object): Log => {
    const note = (fields: object, message: string) => void lines.push([message, { ...bound, ...fields }]);
    return {
      trace() {},
      debug() {},
      info: note,
      warn: note,
      error: note,
      child: (more) => logOf({ ...bound, ...more }),
    };
  };
  const device = openDevice({ ...options, log: logOf({}) });
  lines.length = 0; // the boot's
  if (start) device.client.register(false);
  await device.clock.advance(100);
  return { ...device, take: () => lines.splice(0) };
}
const about = { server: 102, uri: URI };

it("tells Register, its answer and De-register, and nothing of a periodic Update or a notification", async () => {
  const { clock, client, take, last, modem } = await open({ files: { [INI]: SERVER } });
  expect(take()).toEqual([
    ["registering", { ...about, endpoint: NAME }],
    ["registered", { ...about, location: "rd/1", endpoint: NAME }],
  ]);
  const observed = last().endpoint.request({ method: "GET", uriPath: ["4", "0", "2"], observe: 0 });
  await clock.advance(10);
  expect((await observed).code).toBe("2.05");
  for (let minutes = 0; minutes < 60; minutes++) {
    modem.update(({ radio }) => ({ radio: { ...radio, rssiDbm: -70 - (minutes % 2) } }));
    await clock.advance(60_000);
  }
  expect(take()).toEqual([]);
  const left = client.deregister();
  await clock.advance(100);
  await left;
  expect(take()).toEqual([["de-registered", { ...about, location: "rd/1" }]]);
});

it("tells an Update that is refused and the Register that follows", async () => {
  const { clock, take } = await open({
    files: { [INI]: SERVER },
    answer: (request) => (request.method === "POST" && request.uriPath?.length === 2 ? { code: "4.04" } : undefined),
  });
  take();
  await clock.advance(210_000);
  expect(take()).toEqual([
    ["Update refused by the server", { ...about, code: "4.04", detail: undefined }],
    ["registering", { ...about, endpoint: NAME }],
    ["registered", { ...about, location: "rd/2", endpoint: NAME }],
  ]);
});

it("tells after what time a refused Register is sent again, and for how long a Server has disabled the device", async () => {
  let refusal: Response | undefined = { code: "4.03" };
  const { clock, take, last, registry } = await open({
    files: { [INI]: SERVER },
    answer: (request) => (request.uriPath?.[0] === "rd" && request.uriPath.length === 1 ? refusal : undefined),
  });
  expect(take()).toEqual([
    ["registering", { ...about, endpoint: NAME }],
    ["Register refused by the server", { ...about, code: "4.03", detail: undefined }],
    ["waiting to register", { ...about, retryInS: 60 }],
  ]);
  refusal = undefined;
  await clock.advance(60_000);
  expect(take().map(([message]) => message)).toEqual(["registering", "registered"]);
  registry.write(
    { objectId: 1, instanceId: 1, resourceId: 5 },
    { kind: "resource", id: 5, type: "integer", value: 90 },
    "replace",
    "client",
  );
  const disabled = last().endpoint.request({ method: "POST", uriPath: ["1", "1", "4"] });
  await clock.advance(1000);
  expect((await disabled).code).toBe("2.04");
  expect(take()).toEqual([
    ["de-registered", { ...about, location: "rd/1" }],
    ["disabled by the server", { ...about, forS: 90 }],
  ]);
});

it("tells a bootstrap: what it waits for, when it is asked for and repeated, and to which servers it has led", async () => {
  let refusal: Response | undefined = { code: "5.03" };
  const device = await open({
    start: false,
    files: { [INI]: BOOTSTRAP_SERVER },
    answer: (request) => (request.uriPath?.[0] === "bs" ? refusal : undefined),
  });
  const { clock, client, take, last } = device;
  device.settings.setBootstrapMode(1);
  take();
  client.register(false);
  await clock.advance(5100);
  const endpoint = `urn:imei-msisdn:${NAME.slice("urn:imei:".length)}-15755127091`;
  const asking = ["asking for a bootstrap", { bootstrapServer: BOOTSTRAP_URI, endpoint }];
  expect(take()).toEqual([
    ["bootstrap required: waiting to ask for it", { bootstrapServer: BOOTSTRAP_URI, inS: 5 }],
    asking,
    ["Bootstrap-Request refused by the server", { bootstrapServer: BOOTSTRAP_URI, code: "5.03", detail: undefined }],
    ["waiting to ask for a bootstrap", { bootstrapServer: BOOTSTRAP_URI, retryInS: 60 }],
  ]);
  refusal = undefined;
  await clock.advance(60_000);
  expect(take()).toEqual([asking]);
  const uri = Buffer.from(URI);
  const security = Buffer.concat([Buffer.of(0xc8, 0, uri.length), uri, Buffer.from("c10100c10203c10a66", "hex")]);
  const server = Buffer.from("c10066c201012cc10601c10755", "hex");
  const { endpoint: bootstrapServer } = last();
  const exchange = [
    bootstrapServer.request({ method: "PUT", uriPath: ["0", "1"], contentFormat: 11542, payload: security }),
    bootstrapServer.request({ method: "PUT", uriPath: ["1", "1"], contentFormat: 11542, payload: server }),
    bootstrapServer.request({ method: "POST", uriPath: ["bs"] }),
  ];
  await clock.advance(1000);
  expect((await Promise.all(exchange)).map(({ code }) => code)).toEqual(["2.04", "2.04", "2.04"]);
  expect(take()).toEqual([
    ["bootstrapped", { bootstrapServer: BOOTSTRAP_URI, servers: [URI] }],
    ["registering", { ...about, endpoint: NAME }],
    ["registered", { ...about, location: "rd/1", endpoint: NAME }],
  ]);
});

it("tells why it waits for the network, once for each reason", async () => {
  const { network } = hardware;
  const { clock, take, modem } = await open({
    hardware: { network: { ...network, coverage: false } },
    files: { [INI]: SERVER, [CFG]: "{\nAPN=internet;\nROAMING_FEAT=1;\n}\n" },
  });
  const knob = async (change: Partial<typeof network> & { attached?: boolean }) => {
    modem.update((state) => ({ network: { ...state.network, ...change } }));
    await clock.advance(1000);
    return take().filter(([message]) => message.startsWith("LwM2M"));
  };
  expect(take()).toContainEqual(["LwM2M is idle: no network", {}]);
  expect(await knob({ coverage: true, roaming: true })).toEqual([["LwM2M is idle while roaming (ROAMING_FEAT=1)", {}]]);
  expect(await knob({ rssiDbm: -80 })).toEqual([]);
  expect(await knob({ roaming: false })).toEqual([]);
  expect(await knob({ roaming: true })).toEqual([["LwM2M is idle while roaming (ROAMING_FEAT=1)", {}]]);
  expect(await knob({ roaming: false })).toEqual([]);
  expect(await knob({ attached: false })).toEqual([["LwM2M is idle: the packet domain is detached", {}]]);
  expect(await knob({ attached: true })).toEqual([]);
  expect(await knob({ coverage: false })).toEqual([["LwM2M is idle: no network", {}]]);
});

it("tells the sleep before the first start", async () => {
  const { take, power, clock } = await open({
    start: false,
    profile: "fast",
    files: { [INI]: SERVER, [CFG]: "{\nAPN=internet;\nBOOT_UP_SLEEP_TIME=20;\n}\n", "/datatx/lwm2m_app_autostart": "" },
  });
  await clock.advance(60_000);
  expect(power.profile).toBe("fast");
  expect(take()).toContainEqual(["waiting to start LwM2M (BOOT_UP_SLEEP_TIME)", { inS: 1 }]);
});
