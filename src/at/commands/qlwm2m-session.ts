/** AT+QLWM2M: what makes the Client talk to its servers. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { checkLifetime, lifetimeParameter } from "#at/commands/qlwm2m-lifetime";
import { data, hex, integer, optional } from "#at/parameter";
import { ClientError } from "#lwm2m/client";

const spec = "BG96 LwM2M User Guide V1.1 §4.1";

/** Bytes of one uplink. */
const UPLINK = { min: 1, max: 1460 };

const register = defineCommand({
  name: "register",
  title: "Start the Client: 0 register once, 1 also after each boot",
  spec,
  parameters: [optional(integer("reg_mode", [0, 1]))],
  write({ client }, { reg_mode }) {
    client.register(reg_mode === 1);
    return [];
  },
});

const update = defineCommand({
  name: "update",
  title: "Send a registration update: 0 without, 1 with the list of Objects; Short Server ID 0 = all",
  spec,
  parameters: [integer("ssid", { min: 0, max: 65535 }), optional(integer("update_mode", [0, 1]))],
  write({ client }, { ssid, update_mode }) {
    client.update(ssid, update_mode === 1);
    return [];
  },
});

const deregister = defineCommand({
  name: "deregister",
  title: "De-register from all LwM2M Servers",
  spec,
  execute({ client, runtime }) {
    if (!client.status.running) throw new ClientError("deregister: the client is not running");
    client.deregister().catch((err: unknown) => runtime.log.warn({ err }, "AT+QLWM2M: de-registration failed"));
    return [];
  },
});

const lifetime = defineCommand({
  name: "lifetime",
  title: "Lifetime of the registration",
  spec,
  parameters: [integer("ssid", { min: 1, max: 65535 }), lifetimeParameter("life_time")],
  write(context, { ssid, life_time }) {
    const { client, lwm2m } = context;
    checkLifetime(life_time, context);
    const inFile = lwm2m.serverIds.includes(ssid);
    // the Client also knows the servers that a Bootstrap-Server has named
    try {
      client.setLifetime(ssid, life_time);
    } catch (error) {
      if (!inFile || client.status.running) throw error;
    }
    if (inFile) lwm2m.setLifetime(life_time, ssid);
    return [];
  },
});

/** @throws ClientError for a size that is not the data's. */
function uplink({ client, spelling }: CommandContext, objectId: 19 | 10250 | 26241, size: number, bytes: Buffer): void {
  if (bytes.length !== size && spelling.uplinkSize === "exact") throw new ClientError(`uplink: ${bytes.length} bytes given, ${size} announced`);
  client.uplink(objectId, bytes);
}

const uldata = defineCommand({
  name: "uldata",
  title: "Send data, as text; the size counts bytes",
  spec,
  parameters: [integer("objID", [19, 10250, 26241]), integer("data_size", UPLINK), data("Data", { maxBytes: UPLINK.max })],
  write(context, { objID, data_size, Data }) {
    uplink(context, objID, data_size, Buffer.from(Data, "latin1")); // one character a byte on the line
    return [];
  },
});

const ulhex = defineCommand({
  name: "ulhex",
  title: "Send data, in hexadecimal; the size counts bytes",
  spec,
  parameters: [integer("objID", [19, 10250, 26241]), integer("data_size", UPLINK), hex("HexData", { maxBytes: UPLINK.max })],
  write(context, { objID, data_size, HexData }) {
    uplink(context, objID, data_size, HexData);
    return [];
  },
});

export const qlwm2mSession: readonly CommandDefinition[] = [register, update, deregister, lifetime, uldata, ulhex];
