/** The cell that serves the module, and what a host's display shows of it. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { signalBars, sinrSteps } from "#at/network/signal";
import { cellIdentity } from "#modem/cell-identity";
import { hears, inService, isOnline } from "#modem/network";
import { isFull, STORES } from "#modem/sms/message-store";
import type { AccessTechnology, ModemState } from "#modem/state";

const spec = "Quectel BG96 QuecCell AT Commands Manual V1.0 §2.1";

/** The names of this command alone. */
const NAMES: Readonly<Record<AccessTechnology, string>> = { GSM: "GSM", "CAT-M1": "CAT-M", "CAT-NB1": "CAT-NB" };
/** Index of 10 MHz, up and down. */
const BANDWIDTH = 3;
/** A usual least level of a cell, dBm, from which Srxlev counts (3GPP TS 36.304 §5.2.3.2). */
const LEAST_RSRP_DBM = -130;
/** Likewise of a GSM cell, from which C1 counts (3GPP TS 43.022 §6). */
const LEAST_RXLEV_DBM = -104;
/** What a module at rest in GSM has no figures for: channel, slot, timing advance, hopping, levels and qualities of a call; the codec. */
const NO_CALL = `${"-,".repeat(9)}"-"`;
/** Greatest transmit power and link adaptation are not told by the cell; it has no discontinuous reception. */
const GSM_POWER = "255,255,0";
const PACKET_SERVICE = 1;
/** BG96: <band> of GSM, 1 the PCS band, 0 the others. */
const PCS_BAND = 1900;

const hex = (value: number) => value.toString(16).toUpperCase();

function servingCell(state: ModemState): string {
  const { technology, mcc, mnc, physicalCellId, earfcn, band, trackingArea, rsrpDbm, rsrqDb, rssiDbm } = state.radio;
  if (!hears(state)) return '+QENG: "servingcell","SEARCH"';
  const cellId = cellIdentity(state);
  const camped = `+QENG: "servingcell","${inService(state) ? "NOCONN" : "LIMSRV"}","${NAMES[technology]}"`;
  if (technology === "GSM") {
    const cell = [mcc, mnc, hex(trackingArea), hex(cellId), physicalCellId % 64, earfcn, band === PCS_BAND ? 1 : 0, rssiDbm];
    const criterion = rssiDbm - LEAST_RXLEV_DBM;
    return `${camped},${cell.join(",")},${GSM_POWER},${criterion},${criterion},${PACKET_SERVICE},${NO_CALL}`;
  }
  const cell = [mcc, mnc, hex(cellId), physicalCellId, earfcn, band, BANDWIDTH, BANDWIDTH, hex(trackingArea)];
  const signal = [rsrpDbm, rsrqDb, rssiDbm, sinrSteps(state), rsrpDbm - LEAST_RSRP_DBM];
  return `${camped},"FDD",${cell.join(",")},${signal.join(",")}`;
}

const qeng = defineCommand({
  name: "+QENG",
  title: "Engineering information of the cells",
  spec,
  test: () => ['+QENG: ("servingcell","neighbourcell")'],
  subcommands: {
    servingcell: defineCommand({
      name: "servingcell",
      title: "The serving cell",
      spec,
      execute: ({ modem }) => [servingCell(modem.state)],
    }),
    neighbourcell: defineCommand({
      name: "neighbourcell",
      title: "Cells around: the simulated network has one cell",
      spec,
      execute: () => [],
    }),
  },
});

/** By name: the values, what is now. */
const INDICATORS: ReadonlyArray<readonly [string, string, (state: ModemState) => number]> = [
  ["battchg", "0-5", ({ battery }) => Math.round(battery.percent / 20)],
  ["signal", "0-5", signalBars],
  ["service", "0,1", (state) => (inService(state) ? 1 : 0)],
  ["call", "0,1", () => 0],
  ["roam", "0,1", ({ registration }) => (registration.eps === 5 ? 1 : 0)],
  ["smsfull", "0,1", ({ sms }) => (STORES.some((store) => isFull(sms, store)) ? 1 : 0)],
  ["GPRS coverage", "0,1", (state) => (isOnline(state) ? 1 : 0)],
  ["callsetup", "0-3", () => 0],
];

const cind = defineCommand({
  name: "+CIND",
  title: "Indicators: battery, signal, service, roaming; no call ever comes",
  spec: "3GPP TS 27.007 §8.9",
  test: () => [`+CIND: ${INDICATORS.map(([name, values]) => `("${name}",(${values}))`).join(",")}`],
  read: ({ modem }) => [`+CIND: ${INDICATORS.map(([, , indicated]) => indicated(modem.state)).join(",")}`],
});

export const cellCommands: readonly CommandDefinition[] = [qeng, cind];
