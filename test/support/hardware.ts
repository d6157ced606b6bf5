import type { Hardware } from "#modem/initial-state";

/** A module with a SIM in its home network; the IMEI's check digit is valid. */
export const hardware: Hardware = {
  identity: { imei: "864508030012428", revision: "BG96MAR02A07M1G", applicationRevision: "01.018.01.018" },
  sim: { present: true, pin: undefined, iccid: "89860000000000000011", imsi: "001010000000001", msisdn: "15755127091" },
  network: {
    apns: undefined,
    defaultApn: "internet",
    rejectCause: 0,
    searchS: undefined,
    activationS: 0,
    roaming: false,
    coverage: true,
    mcc: "001",
    mnc: "01",
    operatorLong: "Test Network",
    operatorShort: "TestNet",
    technology: "CAT-M1",
    rssiDbm: -71,
    rsrpDbm: -98,
    rsrqDb: -10,
    sinrDb: 15,
  },
  battery: { percent: 100, millivolts: 3800 },
  firmware: { fault: "none", faultPercent: 50 },
};
