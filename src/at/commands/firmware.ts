/** Firmware over the air, ordered by the host. */
import { defineCommand, type Parameter } from "#at/command";
import { CmeError } from "#at/result";
import type { Dfota } from "#firmware/dfota";

const MOST_CHARACTERS = 255;

/** `"<url>"`, or 1 for the file the host has put to /fota/update.zip. */
const source: Parameter<"source", (dfota: Dfota) => boolean> = {
  name: "source",
  optional: false,
  range: '("<HTTP_URL>",1)',
  parse(text, quoted) {
    if (!quoted && text === "1") return (dfota) => dfota.updateFromFile();
    if (!quoted || text.length === 0 || text.length > MOST_CHARACTERS) throw new CmeError(50, "source: not a URL");
    return (dfota) => dfota.updateFrom(text);
  },
};

export const qfotadl = defineCommand({
  name: "+QFOTADL",
  title: "Update the firmware over the air, from a URL; 1: from /fota/update.zip",
  spec: "BG96 DFOTA Upgrade Guide V1.1 §3.1",
  parameters: [source],
  errors: "bare",
  write({ dfota }, { source }) {
    if (!source(dfota)) throw new CmeError(3, "no package to be had there, or an update is under way");
    return [];
  },
});
