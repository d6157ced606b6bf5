/** The knobs of the network around the module: what it offers, refuses and ends, its cell and its signal. */
import { flag, integer, type Knob, knob, oneOf } from "#control/knob";
import { attachOrdered, detachOrdered } from "#modem/attach-order";
import { channelOf } from "#modem/bands";
import { endedByNetwork } from "#modem/data-call";
import { CHANNEL } from "#modem/initial-state";
import { mayAttach } from "#modem/network";
import type { AccessTechnology } from "#modem/state";

const TECHNOLOGIES: readonly AccessTechnology[] = ["CAT-M1", "CAT-NB1", "GSM"];
const APN = /^[!#-+\--~]{1,63}$/;

/** "26201,Long name,Short name" */
const OPERATOR = /^(\d{3})(\d{2,3}),([^\p{Cc}",]{1,64}),([^\p{Cc}",]{1,16})$/u;

export const NETWORK_KNOBS: Readonly<Record<string, Knob>> = {
  "network.coverage": knob("network", "coverage", ...flag),
  "network.roaming": knob("network", "roaming", ...flag),
  "network.rejectCause": knob("network", "rejectCause", ...integer(0, 255)),
  "network.searchS": {
    takes: 'an integer of 0 to 86400, or "boot" for as long as the boot profile says',
    value: ({ network }) => network.searchS ?? "boot",
    change(value, { network }) {
      if (value === "boot") return { network: { ...network, searchS: undefined } };
      return integer(0, 86_400)[1](value) ? { network: { ...network, searchS: value as number } } : undefined;
    },
  },
  "network.apns": {
    takes: 'APNs with commas between them, "any" or "none"',
    value: ({ network: { apns } }) => (apns ? apns.join(",") || "none" : "any"),
    change(value, { network }) {
      if (value === "any") return { network: { ...network, apns: undefined } };
      const apns = value === "none" ? [] : String(value).split(",");
      return apns.every((apn) => APN.test(apn)) ? { network: { ...network, apns } } : undefined;
    },
  },
  "network.defaultApn": knob(
    "network",
    "defaultApn",
    "an APN",
    (value) => typeof value === "string" && APN.test(value),
  ),
  "network.activationS": knob("network", "activationS", ...integer(0, 150)),
  "network.attached": {
    takes: "true or false; true only where the module may register",
    value: ({ network }) => network.attached,
    change(value, state) {
      if (value === state.network.attached) return {};
      if (typeof value !== "boolean" || (value && !mayAttach(state))) return undefined;
      return value ? attachOrdered(state) : detachOrdered(state, "NW");
    },
  },
  "network.pdpdeact": {
    takes: 'the id of a context that is active, the APN of a call of the module\'s own, or "none"',
    value: () => "none", // the end of a call is an event
    change(value, state) {
      if (value === "none") return {};
      return typeof value === "number" || typeof value === "string" ? endedByNetwork(state, value) : undefined;
    },
  },
  "network.powerSaving": knob("network", "powerSaving", ...flag),
  "network.zoneQuarters": knob("network", "zoneQuarters", ...integer(-48, 56)),
  // Ranges of 3GPP TS 27.007 +CSQ and TS 36.133 RSRP, RSRQ.
  "radio.rssiDbm": knob("radio", "rssiDbm", ...integer(-113, -51)),
  "radio.rsrpDbm": knob("radio", "rsrpDbm", ...integer(-140, -44)),
  "radio.rsrqDb": knob("radio", "rsrqDb", ...integer(-20, -3)),
  "radio.sinrDb": knob("radio", "sinrDb", ...integer(-20, 30)),
  "radio.technology": {
    takes: oneOf(TECHNOLOGIES)[0],
    value: ({ radio }) => radio.technology,
    change(value, { radio }) {
      const technology = TECHNOLOGIES.find((each) => each === value);
      return technology && { radio: { ...radio, technology, ...CHANNEL[technology] } };
    },
  },
  "radio.band": {
    takes: "a band that a BG96 has in the access technology of the cell",
    value: ({ radio }) => radio.band,
    change(value, { radio }) {
      const band = Number.isInteger(value) ? (value as number) : 0;
      const earfcn = channelOf(radio.technology, band);
      return earfcn === undefined ? undefined : { radio: { ...radio, band, earfcn } };
    },
  },
  "radio.operator": {
    takes: '"MCC and MNC,long name,short name"',
    value: ({ radio }) => [radio.mcc + radio.mnc, radio.operatorLong, radio.operatorShort].join(","),
    change(value, { radio }) {
      const [, mcc, mnc, operatorLong, operatorShort] = OPERATOR.exec(String(value)) ?? [];
      if (!mcc || !mnc || !operatorLong || !operatorShort) return undefined;
      return { radio: { ...radio, mcc, mnc, operatorLong, operatorShort } };
    },
  },
  "radio.physicalCellId": knob("radio", "physicalCellId", ...integer(0, 503)),
  "radio.cellId": knob("radio", "cellId", ...integer(0, 0xfffffff)),
  "radio.trackingArea": knob("radio", "trackingArea", ...integer(0, 0xffff)),
};
