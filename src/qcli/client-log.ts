/** What the LwM2M Client writes to the debug port: its start and its states, in the spelling of the guide's §6.1 and FAQ 2. */
import { ClientError } from "#lwm2m/client";
import { endpointName } from "#lwm2m/endpoint-name";
import { phaseName } from "#lwm2m/phase-name";
import type { Settings } from "#lwm2m/settings";
import type { ModemState } from "#modem/state";

export interface ClientLogOptions {
  readonly settings: Pick<Settings, "endpointName" | "endpointForms">;
  /** CARRIER_TYPE of lwm2m_cfg. */
  carrierType(): number;
  /** How the URN of IMEI and MSISDN is spelt. */
  readonly msisdnUrn: "msisdn" | "msisdh";
}

const NO_NAME = "LWM2M: LWM2M_LOG: Populating Reg EP name: LWM2M_IMEI_MSISDN_URN failed";
/** The module ends some of its messages with an end of line of their own. */
const EMPTY = "LwM2M:";

/** The Client has read its configuration. */
function startLines(state: ModemState, options: ClientLogOptions): readonly string[] {
  const { settings, msisdnUrn } = options;
  const { endpointForms, endpointName: explicit } = settings;
  const nameFor = (use: "registration" | "bootstrap"): string | undefined => {
    try {
      return explicit ?? endpointName(endpointForms[use], state.identity.imei, state.sim.msisdn, use);
    } catch {
      return undefined; // a SIM without MSISDN
    }
  };
  const name = nameFor("bootstrap")?.replace(/^urn:imei-msisdn:/, `urn:imei-${msisdnUrn}:`);
  return [
    `LwM2M: LwM2M_LOG:Carrier type = ${options.carrierType()}`,
    EMPTY,
    `LwM2M: REG EP NAME = ${endpointForms.registration}`,
    EMPTY,
    `LwM2M: BOOTSTRAP EP NAME = ${endpointForms.bootstrap}`,
    EMPTY,
    ...(name === undefined ? [] : [`LwM2M: LwM2M_LOG: bootstrap_name --> ${name}`, EMPTY]),
    ...(name === undefined || nameFor("registration") === undefined ? [NO_NAME] : []),
  ];
}

/** @returns what one change of the modem says. */
export function clientLogLines(now: ModemState, before: ModemState, options: ClientLogOptions): readonly string[] {
  const { phase } = now.lwm2m;
  if (phase === undefined || phase === before.lwm2m.phase) return [];
  const start = before.lwm2m.phase === undefined ? explained(() => startLines(now, options)) : [];
  // BG96: the guide's log has no line for STATE_INITIAL
  return phase === 0 ? start : [...start, `LwM2M: State: ${phaseName(phase)}`];
}

/** A damaged settings file is told in the log of the program. */
function explained(lines: () => readonly string[]): readonly string[] {
  try {
    return lines();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return [];
  }
}
