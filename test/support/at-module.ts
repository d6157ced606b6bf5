/** A whole module behind a terminal: what is typed reaches its Client, and what its Servers do is printed. */
import { commandTable } from "#at/commands";
import { createModuleFiles } from "#at/memory/module-files";
import { createTerminals } from "#at/terminal/terminals";
import { multiplexer } from "#bg96/host-side";
import type { Spelling } from "#config/spelling";
import { type DeviceOptions, openDevice } from "./lwm2m-device.ts";
import { createMemoryLine } from "./memory-line.ts";

/** Octets that are no text, as those of a multiplexer's frame, as \xNN. */
const visible = (text: string) =>
  text.replace(/[^ -~]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** A whole module with its Client, ready and without echo. */
export async function openModule(options: DeviceOptions & { readonly spelling?: Partial<Spelling> } = {}) {
  const device = openDevice({ profile: "fast", lguByProfile: true, ...options });
  const { clock, modem, power, efs, client, settings, firmware, runtime } = device;
  const files = createModuleFiles(efs, modem);
  const line = createMemoryLine();
  createTerminals({
    host: { runtime, modem, power, efs, files, client, lwm2m: settings, dfota: firmware.dfota },
    commands: commandTable(),
    ...(options.spelling && { spelling: options.spelling }),
    multiplex: multiplexer(runtime),
  }).serve(line, "usbat");
  const take = () =>
    line
      .take()
      .split(/[\r\n]+/)
      .map((each) => visible(each.trimEnd()))
      .filter((each) => each !== "");
  const type = async (text: string) => {
    line.say(text);
    await clock.settle();
    return take();
  };
  await clock.advance(10_000);
  await type("ATE0\r");
  return { ...device, type, take };
}
