/** AT+QLWM2M: what else is kept in the module's files, and their removal. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { integer, string } from "#at/parameter";
import { ClientError } from "#lwm2m/client";

const spec = "BG96 LwM2M User Guide V1.1 §4.1";

const dltype = defineCommand({
  name: "dltype",
  title: "Downlink data: 0 text preferred, 1 hexadecimal",
  spec,
  parameters: [integer("data_type", [0, 1])],
  write({ lwm2m }, { data_type }) {
    lwm2m.setDownlinkFormat(data_type);
    return [];
  },
});

const ippref = defineCommand({
  name: "ippref",
  title: "Data call: 0 IPv4 preferred, 1 IPv6",
  spec,
  parameters: [integer("ip_type", [0, 1])],
  write({ lwm2m }, { ip_type }) {
    lwm2m.setIpPreference(ip_type);
    return [];
  },
});

const enable = defineCommand({
  name: "enable",
  title: "Start of the Client when the module boots",
  spec,
  parameters: [integer("enable_value", [0, 1])],
  read: ({ lwm2m }) => [`+QLWM2M: "enable",${lwm2m.enabled ? 1 : 0}`],
  write({ lwm2m, client, runtime }, { enable_value }) {
    lwm2m.setEnabled(enable_value === 1);
    if (enable_value === 0 && client.status.running) {
      client.deregister().catch((err: unknown) => runtime.log.warn({ err }, "AT+QLWM2M: de-registration failed"));
    }
    return [];
  },
});

const qcliEn = defineCommand({
  name: "qcli_en",
  title: "QCLI on the debug port",
  spec,
  parameters: [integer("qcli_value", [0, 1])],
  write({ lwm2m }, { qcli_value }) {
    lwm2m.setQcli(qcli_value === 1);
    return [];
  },
});

const psk = defineCommand({
  name: "psk",
  title: "PSK of the account in use: 0 generate, 1 query",
  spec,
  parameters: [integer("psk_operation", [0, 1])],
  write({ lwm2m }, { psk_operation }) {
    if (psk_operation === 0) {
      lwm2m.generatePsk();
      return [];
    }
    const credential = lwm2m.psk;
    if (!credential) throw new ClientError("psk: no PSK file for the account in use");
    return [`+QLWM2M: "psk","|${credential.identity}|:${credential.keyHex.toUpperCase()}"`];
  },
});

const apn = defineCommand({
  name: "apn",
  title: "APN for the server",
  spec,
  // 3GPP TS 23.003 §9.1, and the underscore of the guide's samples
  parameters: [string("apn_name", { min: 1, max: 100, pattern: /^[A-Za-z0-9._-]+$/ })],
  read: ({ lwm2m }) => [`+QLWM2M: "apn","${lwm2m.apn}"`],
  write({ lwm2m }, { apn_name }) {
    lwm2m.setApn(apn_name);
    return [];
  },
});

const endpoint = defineCommand({
  name: "endpoint",
  title: "Endpoint name for registration and for bootstrap: 4 IMEI URN, 7 IMEI-MSISDN URN",
  spec,
  parameters: [integer("reg_epname", [4, 7]), integer("bs_epname", [4, 7])],
  read: ({ lwm2m: { endpointForms } }) => [`+QLWM2M: "endpoint",${endpointForms.registration},${endpointForms.bootstrap}`],
  write({ lwm2m }, { reg_epname, bs_epname }) {
    lwm2m.setEndpointForms(reg_epname, bs_epname);
    return [];
  },
});

const reset = defineCommand({
  name: "reset",
  title: "Delete the persistent files",
  spec,
  execute({ lwm2m }) {
    lwm2m.reset();
    return [];
  },
});

const clean = defineCommand({
  name: "clean",
  title: "Delete all configuration files",
  spec,
  execute({ lwm2m }) {
    lwm2m.clean();
    return [];
  },
});

export const qlwm2mFiles: readonly CommandDefinition[] = [dltype, ippref, enable, qcliEn, psk, apn, endpoint, reset, clean];
