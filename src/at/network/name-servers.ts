/** The name servers of a context: those the host has given (AT+QIDNSCFG), else the network's. */
import type { CommandContext } from "#at/command";
import { callOf } from "#modem/data-call";
import { routerFor } from "#modem/pdp-contexts";

const NONE = ["0.0.0.0", "0.0.0.0"] as const;

export function nameServersOf({ modem, session }: CommandContext, cid: number): readonly [string, string] {
  const address = callOf(modem.state, cid)?.address;
  if (address === undefined) return NONE;
  // the network's gateway answers queries, too
  return session.scratch.nameServers[cid] ?? [routerFor(address), routerFor(address)];
}
