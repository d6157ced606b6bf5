/**
 * Sessions at the AT port as text, typed again and compared. A line is
 * `> AT…` typed with its end, `>> …` typed as it is (`\r`, `\x1a` and the like are meant), `wait 1000` ms to pass,
 * `set radio.rssiDbm=-90` what an operator turns, `power on` and `power off` the supply, `# …` a remark; any other line is one that the module prints.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commandTable } from "#at/commands";
import { createTerminal } from "#at/interpreter";
import { createModuleFiles } from "#at/module-files";
import { turnKnob } from "#control/knobs";
import { createPowerSaving } from "#modem/power-saving";
import { openDevice } from "./lwm2m-device.ts";

const GOLDEN = join(import.meta.dirname, "..", "golden", "at");

export interface Transcript {
  readonly name: string;
  readonly lines: readonly string[];
}

/** @param folder under test/golden/at. */
export function readTranscripts(folder = "."): readonly Transcript[] {
  return readdirSync(join(GOLDEN, folder))
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => ({
      name: name.slice(0, -".txt".length),
      lines: readFileSync(join(GOLDEN, folder, name), "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "" && !line.startsWith("#")),
    }));
}

/** A whole module with its Client, ready and without echo. */
export async function openModule() {
  const device = openDevice({ profile: "fast" });
  const { clock, modem, power, efs, client, settings, firmware, runtime } = device;
  const files = createModuleFiles(efs, modem);
  createPowerSaving({ modem, power, clock });
  let printed = "";
  const terminal = createTerminal({
    host: { runtime, modem, power, efs, files, client, lwm2m: settings, dfota: firmware.dfota },
    commands: commandTable(),
    output: (bytes) => {
      printed += bytes.toString("latin1");
    },
  });
  const take = () => {
    const lines = printed
      .split(/[\r\n]+/)
      .map((line) => line.trimEnd())
      .filter((line) => line !== "");
    printed = "";
    return lines;
  };
  const type = async (text: string) => {
    terminal.receive(Buffer.from(text, "latin1"));
    await clock.settle();
    return take();
  };
  await clock.advance(10_000);
  await type("ATE0\r");
  return { ...device, type, take };
}

const escaped = (text: string) =>
  text.replace(/\\(r|n|x[0-9a-f]{2})/g, (_, code: string) =>
    code === "r" ? "\r" : code === "n" ? "\n" : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );

/** Types what a transcript says. @returns the transcript as it comes out: equal to `lines` if all is well. */
export async function replay(lines: readonly string[]): Promise<readonly string[]> {
  const { clock, modem, power, type, take } = await openModule();
  const played: string[] = [];
  for (const line of lines) {
    const [, order, rest = ""] = /^(>>?|wait|set|power) (.+)$/.exec(line) ?? [];
    if (order === undefined) continue;
    played.push(line);
    if (order === ">") played.push(...(await type(`${rest}\r`)));
    else if (order === ">>") played.push(...(await type(escaped(rest))));
    else if (order === "power") rest === "on" ? power.on() : power.cut();
    else if (order === "set") {
      const [, knob = "", value = ""] = /^([^=]+)=(.*)$/.exec(rest) ?? [];
      turnKnob(modem, knob, JSON.parse(value));
    } else await clock.advance(Number(rest));
    played.push(...take());
  }
  return played;
}
