/**
 * Sessions at the AT port as text, typed again and compared. A line is
 * `> AT…` typed with its end, `>> …` typed as it is (`\r`, `\x1a` and the like are meant), `wait 1000` ms to pass,
 * `set radio.rssiDbm=-90` what an operator turns, `power on` and `power off` the supply, `serve 1.0` an HTTP server with
 * a firmware package of that version ({http} stands for where), `package 1.0 /fota/update.zip` one among the module's
 * files, `until END` time to pass until that is printed, `# …` a remark; any other line is one that the module prints,
 * with octets that are no text as `\xNN`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { turnKnob } from "#control/knobs";
import { makePackage } from "#firmware/package";
import { openHttpServer, sendFile } from "../firmware/http-server.ts";
import { openModule } from "./at-module.ts";

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

export const escaped = (text: string) =>
  text.replace(/\\(r|n|x[0-9a-f]{2})/g, (_, code: string) =>
    code === "r" ? "\r" : code === "n" ? "\n" : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );

const packageOf = (version: string) => makePackage({ name: "BG96 firmware", version }, 20_000);
const DEADLINE_MS = 5000;

/** Types what a transcript says. @returns the transcript as it comes out: equal to `lines` if all is well. */
export async function replay(lines: readonly string[]): Promise<readonly string[]> {
  const { clock, modem, power, efs, type, take } = await openModule();
  const played: string[] = [];
  let http = "";
  /** What waits for a real server waits for its bytes, too. */
  const until = async (text: string) => {
    const lines: string[] = [];
    for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs; ) {
      await clock.advance(20);
      lines.push(...take());
      if (lines.some((line) => line.includes(text))) return lines;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return [...lines, `no ${text}`];
  };
  for (const line of lines) {
    const [, order, rest = ""] = /^(>>?|wait|set|power|serve|package|until) (.+)$/.exec(line) ?? [];
    if (order === undefined) continue;
    played.push(line);
    if (order === ">") played.push(...(await type(`${rest.replace("{http}", http)}\r`)));
    else if (order === ">>") played.push(...(await type(escaped(rest))));
    else if (order === "until") played.push(...(await until(rest)));
    else if (order === "serve")
      http = (await openHttpServer((request, response) => sendFile(request, response, packageOf(rest)))).origin;
    else if (order === "package") {
      const [version = "", path = ""] = rest.split(" ");
      efs.write(path, packageOf(version));
    } else if (order === "power") rest === "on" ? power.on() : power.cut();
    else if (order === "set") {
      const [, knob = "", value = ""] = /^([^=]+)=(.*)$/.exec(rest) ?? [];
      turnKnob(modem, knob, JSON.parse(value));
    } else await clock.advance(Number(rest));
    played.push(...take());
  }
  return played;
}
