/** Endpoint Client Names in URN form (OMA TS 1.0.2 §6.2.1). */
import { ClientError } from "#lwm2m/client";
import type { EndpointForm } from "#lwm2m/settings";

/** @throws ClientError for form 7 when the SIM has no MSISDN (the guide's FAQ 2). */
export function endpointName(
  form: EndpointForm,
  imei: string,
  msisdn: string | undefined,
  use: "registration" | "bootstrap",
): string {
  if (form === 4) return `urn:imei:${imei}`;
  if (msisdn === undefined || msisdn === "") {
    const which = use === "registration" ? "Reg" : "Bootstrap";
    throw new ClientError(`Populating ${which} EP name: LWM2M_IMEI_MSISDN_URN failed: the SIM has no MSISDN`);
  }
  return `urn:imei-msisdn:${imei}-${msisdn.replace(/^\+/, "")}`;
}
