/** A whole Client on the manual clock with an AT port, whose Servers are bytes. */

import { commandTable } from "#at/commands";
import { createModuleFiles } from "#at/memory/module-files";
import { createTerminal } from "#at/terminal/interpreter";
import type { FirmwareFault } from "#modem/state";
import { FORMAT, put } from "../ets/ask.js";
import { openRegistered, type RawDeviceOptions } from "../ets/raw-device.js";
import type { RawServer } from "../ets/raw-server.js";
import { block } from "../support/coap-bytes.js";

export async function openFotaDevice(options: RawDeviceOptions & { readonly fotaPercent?: "plain" } = {}) {
  const device = await openRegistered({ autostart: true, ...options });
  const { clock, modem, power, efs, client, settings, firmware, runtime } = device;
  let printed = "";
  const terminal = createTerminal({
    host: {
      runtime,
      modem,
      power,
      efs,
      files: createModuleFiles(efs, modem),
      client,
      lwm2m: settings,
      dfota: firmware.dfota,
    },
    commands: commandTable(),
    output: (bytes) => {
      printed += bytes.toString("latin1");
    },
    ...(options.fotaPercent && { spelling: { fotaPercent: options.fotaPercent } }),
  });
  const take = () => {
    const lines = printed.split(/[\r\n]+/).filter((line) => line !== "");
    printed = "";
    return lines;
  };
  return {
    ...device,
    get server() {
      return device.server;
    },
    /** What the host sends, without waiting for an answer. */
    type: (characters: string) => terminal.receive(Buffer.from(characters)),
    /** Lines since the last call. */
    take,
    /** Those of them that tell of the firmware, without what they all begin with. */
    fota: () => take().flatMap((line) => /^\+QIND: "FOTA",(.*)$/.exec(line)?.[1] ?? []),
    async at(line: string): Promise<string[]> {
      await clock.advance(100);
      take();
      terminal.receive(Buffer.from(`${line}\r`));
      await clock.advance(0);
      return take().slice(1);
    },
    setFault: (fault: FirmwareFault, faultPercent = 50) =>
      modem.update((state) => ({ firmware: { ...state.firmware, fault, faultPercent } })),
    shown: () => modem.state.firmware.update,
    revision: () => modem.state.identity.revision,
  };
}

export type FotaDevice = Awaited<ReturnType<typeof openFotaDevice>>;

/** Pushes the first `blocks` blocks of 1024 bytes; all of them by default. @returns the last code */
export async function push(
  server: RawServer,
  body: Buffer,
  blocks = Number.POSITIVE_INFINITY,
  place = "/5/0/0",
): Promise<string> {
  let code = "";
  for (let number = 0; number < blocks && number * 1024 < body.length; number++) {
    const payload = body.subarray(number * 1024, (number + 1) * 1024);
    const more = (number + 1) * 1024 < body.length ? 1 : 0;
    code = (await server.ask(put(place, { format: FORMAT.opaque, payload, block1: block(number, more, 1024) }))).code;
  }
  return code;
}
