/** The faults an operator asks for. */
import type { Modem } from "#modem/modem";
import type { FirmwareFault } from "#modem/state";

/**
 * Takes the fault that is set, if it is one of those and due at its percentage: it strikes once.
 * @returns undefined where there is none
 */
export function takeFault<F extends FirmwareFault>(
  modem: Modem,
  isDue: (percent: number) => boolean,
  those: readonly F[],
): F | undefined {
  const { fault, faultPercent } = modem.state.firmware;
  const taken = those.find((each) => each === fault);
  if (taken === undefined || !isDue(faultPercent)) return undefined;
  modem.update(({ firmware }) => ({ firmware: { ...firmware, fault: "none" } }));
  return taken;
}
