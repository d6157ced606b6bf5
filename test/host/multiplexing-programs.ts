/** Programs that divide a port into channels. */
import { fileURLToPath } from "node:url";
import type { Acceptance } from "./acceptance.ts";

const GSM0710MUXD = fileURLToPath(new URL("gsm0710muxd.sh", import.meta.url));

export const MULTIPLEXING_PROGRAMS: readonly Acceptance[] = [
  {
    title: "gsm0710muxd divides the port into channels",
    needs: [
      { command: "gsm0710muxd", debian: "gsm0710muxd" },
      { command: "dbus-daemon", debian: "dbus" },
      { command: "dbus-send", debian: "dbus" },
    ],
    script: `bash ${GSM0710MUXD} $L $W`,
  },
];
