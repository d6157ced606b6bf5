/** What the host hears of a Server's observations: a terminal on a whole device. */
import { expect, it } from "vitest";
import { commandTable } from "#at/commands";
import type { Host } from "#at/host";
import { createTerminal } from "#at/terminal/interpreter";
import { silentLog } from "#runtime";
import { get } from "../ets/ask.ts";
import { openRegistered, walk } from "../ets/raw-device.ts";
import { createSeededRandom } from "../support/manual-clock.js";

it("[BG-166][BG-167][BG-168] +QLWOBSERVE names the CoAP token and the path where Object 19, 10250 or 26241 is observed, and no other", async () => {
  const device = await openRegistered();
  let printed = "";
  const { clock, modem, power, efs, client, settings, server } = device;
  createTerminal({
    host: {
      runtime: { clock, random: createSeededRandom(1), log: silentLog },
      modem,
      power,
      efs,
      client,
      lwm2m: settings,
    } as unknown as Host,
    commands: commandTable(),
    output: (bytes) => {
      printed += bytes.toString("latin1");
    },
  });
  await walk(server, [
    [get("/19/0/0", { observe: 0, token: "8162a446e9e3b8d7" }), "2.05"],
    [get("/10250/0/0", { observe: 0, token: "0a" }), "2.05"],
    [get("/26241/0/0", { observe: 0, token: "0b0c" }), "2.05"],
    [get("/3/0/9", { observe: 0, token: "0d" }), "2.05"],
    [get("/19/0/0", { observe: 0, token: "8162a446e9e3b8d7" }), "2.05"],
    [get("/10250/0/0", { observe: 1, token: "0a" }), "2.05"],
  ]);
  client.uplink(26241, "x");
  await clock.advance(0);
  await server.send({ type: "RST", code: "0.00", mid: server.responses().at(-1)!.message.mid });
  await clock.advance(1000);
  expect(printed.split("\r\n").filter((line) => line !== "")).toEqual([
    '+QLWOBSERVE: "8162A446E9E3B8D7","/19/0/0",0',
    '+QLWOBSERVE: "0A","/10250/0/0",0',
    '+QLWOBSERVE: "0B0C","/26241/0/0",0',
    '+QLWOBSERVE: "0A","/10250/0/0",1',
    '+QLWOBSERVE: "0B0C","/26241/0/0",1',
  ]);
});
