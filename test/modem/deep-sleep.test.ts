/** PSM at a whole module: what becomes of the Client, its registration and its observations, of downloads and of the host's port. */
import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { get, nameOf, numberOf, OPTION, post, put, text } from "../ets/ask.js";
import { blockOf } from "../ets/file-server.js";
import { account, BOOTSTRAP_ACCOUNT, NOTHING, openRegistered } from "../ets/raw-device.js";
import { isRequest } from "../ets/raw-server.js";
import { openFotaDevice } from "../firmware/fota-device.js";

type Options = NonNullable<Parameters<typeof openFotaDevice>[0]>;
type Device = Awaited<ReturnType<typeof openFotaDevice>>;

const cfg = (entries: string) => ({ "/datatx/lwm2m_cfg": `{\nAPN=internet;\nBOOT_UP_SLEEP_TIME=0;\n${entries}\n}\n` });
const KEEPING = cfg("ACK_TIMEOUT=5;\nPER_REGSTATUS_FEAT=1;");
const FORGETTING = cfg("ACK_TIMEOUT=5;\nPER_REGSTATUS_FEAT=0;");
const DAY_S = 86_400;
/** Each hour, and 10 s after the last message. */
const ORDER = 'AT+CPSMS=1,,,"00100001","00000101"';
const HOUR_MS = 3_600_000;
const LAST_WORDS_MS = 250;

async function open(options: Options = {}, order = ORDER) {
  const device = await openFotaDevice({ files: KEEPING, ini: account(1, 102, DAY_S), ...options });
  expect(await device.at(order)).toEqual(["OK"]);
  return device;
}
const battery = ({ modem }: Device, percent: number) =>
  modem.update((state) => ({ battery: { ...state.battery, percent } }));
/** What the Servers have heard since the last look: requests without their query, notifications as "aa 90". */
const heard = ({ servers }: Device) =>
  servers
    .flatMap((server) => server.take())
    .filter(({ message }) => message.type !== "ACK")
    .map(({ message }) => (isRequest(message) ? nameOf(message).split("?")[0] : `${message.token} ${message.payload}`));
/** As the log tells. */
const whyAwake = ({ logged }: Device) =>
  logged.flatMap((line) => /^PSM is granted, but the module stays awake .*"reason":"(.*)"/.exec(line)?.[1] ?? []);
const isAsleep = ({ modem }: Device) => modem.state.power.sleeping;
/** Until PSM POWER DOWN and after it. */
async function sleep(device: Device) {
  await device.clock.advance(10_000 + LAST_WORDS_MS);
  expect(device.modem.state.power).toMatchObject({ phase: "off", sleeping: true });
}
async function wake(device: Device) {
  const { boots } = device.modem.state.power;
  await device.clock.advance(HOUR_MS - 60_000);
  expect(device.modem.state.power).toMatchObject({ phase: "off", boots });
  for (let waitedS = 0; waitedS < 60 && device.modem.state.power.boots === boots; waitedS++)
    await device.clock.advance(1000);
  expect(device.modem.state.power).toMatchObject({ phase: "running", boots: boots + 1 });
  await device.clock.advance(1000);
}

describe("deep sleep at the port", () => {
  it("is told of, ends in silence, and ends with a boot at the periodic update", async () => {
    const device = await openFotaDevice({ files: FORGETTING });
    expect(await device.at('AT+QCFG="psm/urc",1')).toEqual(["OK"]);
    expect(await device.at(ORDER)).toEqual(["OK"]);
    await device.clock.advance(9000);
    expect(device.take()).toEqual(["+QPSMTIMER: 3600,10"]);
    await device.clock.advance(2000);
    expect(device.take()).toEqual(["PSM POWER DOWN"]);
    expect(await device.at("AT")).toEqual([]);
    await device.clock.advance(HOUR_MS - 20_000);
    expect(device.take()).toEqual([]);
    await device.clock.advance(11_000);
    expect(device.take()).toEqual([
      "RDY",
      "+CFUN: 1",
      "APP RDY",
      "+CPIN: READY",
      "+QUSIM: 1",
      "+QIND: SMS DONE",
      "+QPSMTIMER: 3600,10",
      '+QLWEVENT: 0,"STATE_INITIAL"',
      '+QLWEVENT: 3,"STATE_REGISTER_REQUIRED"',
      '+QLWEVENT: 4,"STATE_REGISTERING"',
      '+QLWEVENT: 5,"STATE_READY"',
    ]);
  });

  it("says PSM POWER DOWN, and no timers, where psm/urc is 0", async () => {
    const device = await open();
    await sleep(device);
    expect(device.take()).toEqual(["PSM POWER DOWN"]);
  });

  it("loses a line half typed, and a file half sent", async () => {
    const device = await open({}, 'AT+CPSMS=1,,,"00100001","00000001"');
    device.type('AT+QFUPL="EUFS:/datatx/a",10\r12345');
    await device.clock.advance(20_000);
    expect(isAsleep(device)).toBe(true);
    device.power.on();
    await device.clock.advance(500);
    expect(await device.at("AT")).toEqual(["OK"]);
    expect(device.efs.exists("/datatx/a")).toBe(false);
    device.type("AT+CGM");
    await device.clock.advance(20_000);
    device.power.on();
    await device.clock.advance(500);
    device.take();
    expect(await device.at("AT")).toEqual(["OK"]);
  });

  it("leaves the module's files and settings as they are", async () => {
    const device = await open();
    await device.at('AT+QLWM2M="ippref",1');
    const before = ["/datatx/lwm2m_cfg", "/datatx/bootstrap.ini", "/datatx/qlwm2m.json"].map((path) =>
      device.efs.read(path),
    );
    await sleep(device);
    await wake(device);
    expect(
      ["/datatx/lwm2m_cfg", "/datatx/bootstrap.ini", "/datatx/qlwm2m.json"].map((path) => device.efs.read(path)),
    ).toEqual(before);
    expect(await device.at("AT+CPSMS?")).toEqual(['+CPSMS: 1,,,"00100001","00000101"', "OK"]);
  });
});

describe("deep sleep and the registration", () => {
  it("[BG-083] says nothing to the Server, and registers anew with PER_REGSTATUS_FEAT=0", async () => {
    const device = await open({ files: FORGETTING });
    await device.server.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    heard(device);
    await sleep(device);
    battery(device, 50);
    await device.clock.advance(HOUR_MS - 60_000);
    expect(heard(device)).toEqual([]);
    await device.clock.advance(60_000);
    expect(heard(device)).toEqual(["POST /rd"]); // the observation is gone with its registration
    battery(device, 40);
    await device.clock.advance(1000);
    expect(heard(device)).toEqual([]);
  });

  it("[BG-019][BG-083] goes on with it with PER_REGSTATUS_FEAT=1: an Update, then what has changed", async () => {
    const device = await open();
    await device.server.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    await device.server.ask(get("/4/0/2", { observe: 0, token: "bb" }));
    heard(device);
    await sleep(device);
    battery(device, 50);
    battery(device, 40);
    await wake(device);
    const { mid } = device.server.heard.at(-1)!.message;
    expect(heard(device)).toEqual(["POST /rd/1", "aa 40"]);
    await device.server.send({ type: "ACK", code: "0.00", mid });
    // it sleeps once more: the same again
    await device.clock.advance(11_000);
    expect(isAsleep(device)).toBe(true);
    device.power.on(); // PWRKEY
    await device.clock.advance(1000);
    expect(heard(device)).toEqual(["POST /rd/1"]);
  });

  it("tells a value whose pmax has passed in the sleep when it is awake again", async () => {
    const device = await open();
    await device.server.ask(put("/3/0/9?pmax=600"));
    await device.server.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    heard(device);
    await sleep(device);
    await wake(device);
    expect(heard(device)).toEqual(["POST /rd/1", "aa 100"]);
  });

  it.each([
    [600, "POST /rd"],
    [7200, "POST /rd/1"],
  ])("with a lifetime of %i s and an hour of sleep says %s", async (lifetimeS, request) => {
    const device = await open({ ini: account(1, 102, lifetimeS) });
    heard(device);
    await sleep(device);
    await wake(device);
    expect(heard(device)).toEqual([request]);
  });

  it("keeps the address that the network has given", async () => {
    const device = await open();
    const address = () => device.registry.value(4, 0, 4);
    const before = address();
    await sleep(device);
    await wake(device);
    expect([before, address()]).toEqual([expect.anything(), before]);
  });

  it("is not begun before the Client has started, whatever BOOT_UP_SLEEP_TIME, nor while it waits for an answer", async () => {
    const files = { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nACK_TIMEOUT=5;\nBOOT_UP_SLEEP_TIME=40;\n}\n" };
    let deaf = false;
    const script = () => (deaf ? NOTHING : undefined);
    const device = await openFotaDevice({ profile: "realistic", files, script });
    await device.clock.advance(60_000);
    expect(await device.at('AT+CPSMS=1,,,"00100001","00000001"')).toEqual(["OK"]);
    await device.clock.advance(20_000);
    expect(isAsleep(device)).toBe(true);
    deaf = true;
    heard(device);
    device.power.on();
    await device.clock.advance(50_000);
    expect(heard(device)[0]).toBe("POST /rd");
    await device.clock.advance(40_000);
    expect(isAsleep(device)).toBe(false); // the last of five copies leaves after up to 45 s, the answer has another 45 s
    await device.clock.advance(70_000);
    expect(isAsleep(device)).toBe(true);
  });

  it("[BG-078] is begun after ACK_TIMEOUT without a message, where the active time is shorter", async () => {
    const device = await open({ files: cfg("ACK_TIMEOUT=30;") }, 'AT+CPSMS=1,,,"00100001","00000001"');
    await device.clock.advance(20_000);
    expect((await device.server.ask(get("/3/0/9"))).code).toBe("2.05");
    await device.clock.advance(29_000);
    expect(isAsleep(device)).toBe(false);
    expect(whyAwake(device)).toEqual([
      "the LwM2M Client runs, and less than ACK_TIMEOUT, 30 s, has passed since its last message",
    ]);
    await device.clock.advance(1500);
    expect(isAsleep(device)).toBe(true);
  });

  it("waits for the answer of a Bootstrap-Server, and not for the next try", async () => {
    const device = await openFotaDevice({
      files: cfg("ACK_TIMEOUT=5;"),
      ini: BOOTSTRAP_ACCOUNT,
      script: () => NOTHING,
    });
    expect(await device.at(ORDER)).toEqual(["OK"]);
    await device.clock.advance(57_000); // of the 62 s to 93 s that it is waited for
    expect(isAsleep(device)).toBe(false);
    expect(whyAwake(device)).toEqual(["LwM2M is about to start, or a request of its Client is open"]);
    await device.clock.advance(60_000);
    expect(isAsleep(device)).toBe(true);
  });

  it("[BG-078] comes over Queue mode, which goes on when the module is awake", async () => {
    const device = await open({ ini: account(1, 102, DAY_S).replace('"sv":"U"', '"sv":"UQ"') });
    await device.server.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    heard(device);
    await sleep(device);
    battery(device, 50);
    await wake(device);
    expect(heard(device)).toEqual(["POST /rd/1", "aa 50"]);
    expect((await device.server.ask(get("/3/0/9"))).code).toBe("2.05");
  });

  it("begins anew with what the host sends over the network", async () => {
    const device = await open({}, 'AT+CPSMS=1,,,"00100001","00000101"');
    await device.clock.advance(9000);
    expect(await device.at("AT+QIACT=2")).toEqual(["ERROR"]); // nothing goes over the network
    expect(await device.at('AT+QICSGP=2,1,"iot"')).toEqual(["OK"]);
    expect(await device.at("AT+QIACT=2")).toEqual(["OK"]);
    await device.clock.advance(9000);
    expect(isAsleep(device)).toBe(false);
    await device.clock.advance(2000);
    expect(isAsleep(device)).toBe(true);
  });

  it("is begun after the active time alone where no Client runs", async () => {
    const device = await open({ files: cfg("ACK_TIMEOUT=600;") }, 'AT+CPSMS=1,,,"00100001","00000001"');
    await device.at('AT+QLWM2M="deregister"');
    await device.clock.advance(3000);
    expect(isAsleep(device)).toBe(true);
  });

  it("comes after a Disable, too: the module registers when it is awake again", async () => {
    const device = await open();
    expect((await device.server.ask(post("/1/1/4"))).code).toBe("2.04");
    await device.clock.advance(1000);
    expect(heard(device)).toEqual(["DELETE /rd/1"]);
    await device.clock.advance(12_000);
    expect(isAsleep(device)).toBe(true);
    await wake(device);
    expect(heard(device)).toEqual(["POST /rd"]); // the Disable Timeout of 60 s is over
  });
});

describe("deep sleep and a download", () => {
  const PACKAGE = makePackage({ name: "", version: "BG96MAR04A04M1G" }, 20_000);

  it("waits for it, however slowly it comes, and goes on with one that power was lost in", async () => {
    let deaf = true;
    const blocks: number[] = [];
    const device = await open({
      script(request, { target }) {
        if (target.host !== "192.0.2.77") return undefined;
        const number = (numberOf(request, OPTION.block2) ?? 0) >> 4;
        if (deaf && number === 5) return NOTHING;
        blocks.push(number);
        return blockOf(request, PACKAGE, { etag: "e" });
      },
    });
    expect((await device.server.ask(put("/5/0/1", text("coap://192.0.2.77/image")))).code).toBe("2.04");
    await device.clock.advance(60_000); // retransmissions that are over 10 s apart
    expect(isAsleep(device)).toBe(false);
    expect(device.modem.state.firmware.update.state).toBe(1);
    device.power.sleep(); // as the battery lets it
    await device.clock.advance(1000);
    deaf = false;
    await wake(device);
    await device.clock.advance(5000);
    expect(blocks).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(device.modem.state.firmware.update).toMatchObject({ state: 2, result: 0 });
    await sleep(device);
  });
});

it("a whole device on NoSec sleeps and wakes for a week without a lapse", async () => {
  const device = await openRegistered({ files: KEEPING, ini: account(1, 102, 7200), autostart: true });
  device.modem.update(({ settings }) => ({ settings: { ...settings, cpsms: "1,00100001,00000101" } }));
  await device.clock.advance(7 * 24 * HOUR_MS);
  const names = device.requests().map((each) => each.split("?")[0]);
  expect(names.filter((each) => each === "POST /rd")).toHaveLength(1);
  expect(device.modem.state.power.boots).toBe(1 + 7 * 24);
  expect(names.filter((each) => each === "POST /rd/1")).toHaveLength(7 * 24);
});
