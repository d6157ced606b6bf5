/** Whose PSK opens a session with a host besides the Servers' own. */
import { expect, it } from "vitest";
import { createRegistry, type InstanceValues } from "#lwm2m/registry";
import { pskFor } from "#lwm2m/server-psk";
import { security } from "#objects/security";

const KEY = Buffer.from("00112233445566778899aabbccddeeff", "hex");

const account = (uri: string, identity: string, { mode = 0, key = KEY } = {}): InstanceValues =>
  new Map<number, string | number | Buffer>([
    [0, uri],
    [2, mode],
    [3, Buffer.from(identity)],
    [5, key],
  ]);

/** The identity found among these accounts for a host. */
function identityFor(accounts: readonly InstanceValues[], host: string, port: number): string | undefined {
  const registry = createRegistry([security()]);
  registry.load(0, new Map(accounts.map((values, id) => [id, values])));
  return pskFor(registry, host, port)?.identity.toString();
}

it("is that of the host, and of the port where several are the host's", () => {
  const accounts = [
    account("coaps://fw.example:5684", "first"),
    account("coaps://FW.example:5700", "second"),
    account("coaps://other.example:5800", "other"),
  ];
  expect(identityFor(accounts, "fw.example", 5700)).toBe("second");
  expect(identityFor(accounts, "Fw.Example", 5800)).toBe("first");
  expect(identityFor(accounts, "nobody.example", 5684)).toBeUndefined();
});

// in the other modes the same Resources hold a public key, a certificate, or what an earlier account has left
it.each([1, 2, 3])("is none of an account in security mode %i, whatever its keys", (mode) => {
  const accounts = [account("coaps://fw.example:5684", "unfit", { mode }), account("coaps://fw.example:5700", "fit")];
  expect(identityFor(accounts.slice(0, 1), "fw.example", 5684)).toBeUndefined();
  expect(identityFor(accounts, "fw.example", 5684)).toBe("fit");
});

it("is none where the account has no key, or no URI that can be read", () => {
  const keyless = account("coaps://fw.example", "x", { key: Buffer.alloc(0) });
  expect(identityFor([keyless], "fw.example", 5684)).toBeUndefined();
  expect(identityFor([new Map([[0, "coaps://fw.example"]])], "fw.example", 5684)).toBeUndefined();
  expect(identityFor([account("nonsense", "x")], "nonsense", 5684)).toBeUndefined();
});
