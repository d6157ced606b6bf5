import { expect, it } from "vitest";
import { accountProblem } from "#lwm2m/account-check";
import type { ResourceValue } from "#lwm2m/object";
import { createRegistry } from "#lwm2m/registry";
import { security } from "#objects/security";
import { server } from "#objects/server";

type Resources = Readonly<Record<number, ResourceValue>>;

const BOOTSTRAP: Resources = { 0: "coap://192.0.2.9:5783", 1: true, 2: 3 };
const secure = (shortServerId: number): Resources => ({
  0: "coaps://192.0.2.1:5684",
  1: false,
  2: 0,
  3: Buffer.from("me"),
  5: Buffer.from("secret"),
  10: shortServerId,
});
const SERVER: Resources = { 0: 102, 1: 300, 6: true, 7: "U" };

function problemOf(securities: readonly Resources[], servers: readonly Resources[]): string | undefined {
  const registry = createRegistry([security(), server({ disable() {}, update() {} })]);
  const load = (objectId: number, instances: readonly Resources[]) => {
    const values = instances.map((each) => new Map(Object.entries(each).map(([id, value]) => [Number(id), value])));
    registry.load(objectId, new Map(values.map((each, id) => [id, each])));
  };
  load(0, securities);
  load(1, servers);
  return accountProblem(registry);
}

it.each<[string, readonly Resources[], readonly Resources[]]>([
  ["an account with its Bootstrap-Server", [BOOTSTRAP, secure(102)], [SERVER]],
  ["two accounts", [secure(102), secure(103)], [SERVER, { ...SERVER, 0: 103 }]],
  ["nothing but the Bootstrap-Server", [BOOTSTRAP], []],
  ["a Server that no account is for", [secure(102)], [SERVER, { ...SERVER, 0: 7 }]],
  ["a Short Server ID that the Bootstrap-Server has, too", [{ ...BOOTSTRAP, 10: 102 }, secure(102)], [SERVER]],
])("%s can be used", (_, securities, servers) => {
  expect(problemOf(securities, servers)).toBeUndefined();
});

it.each<[string, readonly Resources[], readonly Resources[]]>([
  ["/0: two instances have short server id 102", [secure(102), secure(102)], [SERVER]],
  ["/1: two instances have short server id 102", [secure(102)], [SERVER, SERVER]],
  ["/1: no instance has short server id 103", [secure(102), secure(103)], [SERVER]],
  ["/1/1: Binding is missing", [secure(102)], [SERVER, { 0: 7, 1: 300, 6: true }]],
  ["/0/1: LWM2M Server URI is missing", [BOOTSTRAP, { 1: false, 2: 3, 10: 102 }], [SERVER]],
  ["/0/0: the server URI is not coap(s)://host:port", [{ ...BOOTSTRAP, 0: "http://192.0.2.9" }, secure(102)], [SERVER]],
  ["/0/0: coaps does not go with security mode 3", [{ ...secure(102), 2: 3 }], [SERVER]],
  ["/0/0: PSK identity or key is missing", [{ ...secure(102), 5: Buffer.alloc(0) }], [SERVER]],
  ["/0/0: security mode 2 is not offered, give PSK (0) or NoSec (3)", [{ ...secure(102), 2: 2 }], [SERVER]],
  ["/0/0: short server id is missing", [secure(65535)], [SERVER]],
])("tells %s", (problem, securities, servers) => {
  expect(problemOf(securities, servers)).toBe(problem);
});
