/** What makes an Update due beside its timer: service or a data call that is back, Objects that come and go, a written Lifetime or Binding. */
import { SECURITY } from "#lwm2m/account-tree";
import { serverParameters } from "#lwm2m/accounts";
import { PLAIN_UPDATE, type UpdateContent } from "#lwm2m/registration";
import type { Registry, RegistryChange } from "#lwm2m/registry";
import type { ServerSession } from "#lwm2m/server-session";
import type { Modem } from "#modem/modem";
import { isOnline } from "#modem/network";
import type { Clock } from "#runtime";

export interface UpdateTriggersOptions {
  readonly modem: Modem;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Those that the Client has now; none while it must not say anything. */
  sessions(): readonly ServerSession[];
}

export function watchForUpdates({ modem, registry, clock, sessions }: UpdateTriggersOptions): void {
  const ask = (session: ServerSession, content: UpdateContent) => session.handle({ type: "updateAsked", content });

  /** The list of Objects and Object Instances is to be told. */
  let isListing = false;

  modem.onChange((now, before) => {
    if (!isOnline(now)) return;
    const isBack = !isOnline(before);
    const hasLostCall = before.moduleCalls.some((call) => !now.moduleCalls.includes(call));
    if (isBack || hasLostCall) for (const session of sessions()) session.goOn();
  });

  registry.onChange(({ path, kind }: RegistryChange) => {
    if (sessions().length === 0 || path.objectId === SECURITY) return; // of Object 0 no Server is told
    if (kind !== "written") {
      // after the answer to the Create or Delete has left; one tells of all that came and went with it, /2/x too
      if (isListing) return;
      isListing = true;
      clock.after(0, () => {
        isListing = false;
        for (const session of sessions()) ask(session, { ...PLAIN_UPDATE, objects: true });
      });
    } else if (path.objectId === 1) {
      const touches = (resourceId: number) => path.resourceId === undefined || path.resourceId === resourceId;
      if (!touches(1) && !touches(7)) return;
      // after the answer to the Write has left
      clock.after(0, () => {
        const session = sessions().find((each) => each.account.serverInstanceId === path.instanceId);
        if (!session) return;
        const { lifetimeS, binding } = serverParameters(registry, session.account);
        // while an Update is under way, it is open what the Server knows
        const known = session.state.is === "updating" ? undefined : session.grant;
        const content = {
          ...PLAIN_UPDATE,
          lifetime: lifetimeS !== known?.lifetimeS,
          binding: binding !== known?.binding,
        };
        if (content.lifetime || content.binding) ask(session, content);
      });
    }
  });
}
