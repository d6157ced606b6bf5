import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { commandTable } from "#at/commands";
import { build, openPlace, type Place } from "./program.js";

let place: Place;
beforeAll(build, 120_000);
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());

it("bg96 commands lists each command with its forms, values and source, and what is not offered", async () => {
  const { code, stdout } = await place.run("commands");
  expect(code).toBe(0);
  const names = stdout
    .split("\n")
    .filter((line) => line.startsWith("AT"))
    .map((line) => line.split("   ")[0]);
  const table = commandTable();
  expect(names.filter((name) => !name!.includes('="'))).toEqual(table.map(({ name }) => `AT${name}`));
  expect(names.filter((name) => name!.startsWith('AT+QGPSCFG="'))).toHaveLength(9);
  expect(stdout).toContain(
    [
      "AT+CEREG   EPS registration",
      "    forms    AT+CEREG=?   AT+CEREG?   AT+CEREG=<n>",
      "    values   <n> (0,1,2,4)",
      "    source   3GPP TS 27.007 §10.1.22",
    ].join("\n"),
  );
  expect(stdout).toMatch(/^The terminal\n\nATE {3}/);
  expect(stdout).toContain("\nGNSS\n\nAT+QGPS   ");
  expect(stdout).toMatch(/TCP and UDP sockets of the host: AT\+QIOPEN, /);
});

it("bg96 commands --markdown has a row a command", async () => {
  const { stdout } = await place.run("commands", "--markdown", "qlwm2m");
  const rows = stdout.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows[0]).toBe(
    "| `AT+QLWM2M` | Configure and run the LwM2M Client | `AT+QLWM2M=?` |  | BG96 LwM2M User Guide V1.1 §4.1 |",
  );
  expect(rows).toContain(
    '| `AT+QLWM2M="lifetime"` | Lifetime of the registration | `AT+QLWM2M="lifetime",<ssid>,<life_time>` | `<ssid> (1-65535), <life_time> (30-86400)` | BG96 LwM2M User Guide V1.1 §4.1 |',
  );
  expect(rows.every((row) => row.split(/(?<!\\)\|/).length === 7)).toBe(true);
});

it("bg96 commands SEARCH leaves out the headings that have nothing under them", async () => {
  const { stdout } = await place.run("commands", "--markdown", "+qgpscfg");
  expect(stdout.match(/^#.*$/gm)).toEqual(["# AT commands", "## GNSS"]);
});

it("bg96 commands HEADING lists what is under it", async () => {
  const { stdout } = await place.run("commands", "packet data");
  expect(stdout).toMatch(/^Packet data\n\nAT\+CGATT /);
  expect(stdout).toContain("\nAT+QIACT   ");
  expect(stdout).not.toContain("AT+CSQ   ");
});

it("bg96 commands of something that is not there is a usage error", async () => {
  const { code, stderr } = await place.run("commands", "nothing-like-it");
  expect([code, stderr]).toEqual([2, 'commands: none has "nothing-like-it" in it\ntry: bg96 commands\n']);
});
