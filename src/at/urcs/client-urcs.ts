/** Unsolicited result codes of the LwM2M Client: its states, observations of application data, downlink data. */
import type { Host } from "#at/host";
import type { Urc } from "#at/urcs/urc-row";
import { phaseName } from "#lwm2m/phase-name";

/** dltype; text where a damaged settings file, which AT+QLWM2M answers with ERROR, says nothing. */
function prefersText({ lwm2m }: Host): boolean {
  try {
    return lwm2m.downlinkFormat === 0;
  } catch {
    return true;
  }
}

export const clientUrcs: readonly Urc[] = [
  function clientPhase(now, before) {
    const { phase } = now.lwm2m;
    // Hosts read one space, then one digit.
    return phase === undefined || phase === before.lwm2m.phase ? [] : [`+QLWEVENT: ${phase},"${phaseName(phase)}"`];
  },
  function observation(now, before, { spelling: { observeFlag, observeInverted, observeSpace } }) {
    const latest = now.lwm2m.observation;
    if (!latest || latest === before.lwm2m.observation) return [];
    const { token, path, cancelled } = latest;
    const flagged = observeFlag === "always" || (observeFlag === "cancelOnly" && cancelled);
    const flag = flagged ? `,${cancelled !== observeInverted ? 1 : 0}` : "";
    // Hosts compare the path after splitting at commas: no space may follow one.
    return [`+QLWOBSERVE: "${token}",${observeSpace ? " " : ""}"${path}"${flag}`];
  },
  function downlink(now, before, { host, spelling }) {
    const latest = now.lwm2m.downlink;
    if (!latest || latest === before.lwm2m.downlink) return [];
    const { data, path } = latest;
    // A quote or an end of line would break the host's parser, so such data goes as hexadecimal.
    // BG96: LGU+'s hosts take what comes for their firmware as type 5 alone.
    const mayBeText = !spelling.downlinkHex && !path.startsWith("/26241/") && prefersText(host);
    const text = mayBeText && data.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22);
    const value = text ? data.toString("latin1") : data.toString("hex").toUpperCase();
    if (spelling.downlink === "sample") return [`+QLWDLDATA: "${path.slice(1)}",${data.length},"${value}"`];
    return [`+QLWDLDATA: "${path}",${text ? 4 : 5},${data.length},"${value}"`];
  },
];
