/** AT+QENG: the cell that serves the module, and those around it. */
import { type CommandDefinition, defineCommand } from "#at/command";
import { hears, sinrSteps } from "#at/signal";
import { inService } from "#modem/network";
import type { AccessTechnology, ModemState } from "#modem/state";

const spec = "Quectel BG96 QuecCell AT Commands Manual V1.0 §2.1";

/** The names of this command alone. */
const NAMES: Readonly<Record<AccessTechnology, string>> = { GSM: "GSM", "CAT-M1": "CAT-M", "CAT-NB1": "CAT-NB" };
/** Index of 10 MHz, up and down. */
const BANDWIDTH = 3;
/** A usual least level of a cell, dBm, from which Srxlev counts (3GPP TS 36.304 §5.2.3.2). */
const LEAST_RSRP_DBM = -130;

const hex = (value: number) => value.toString(16).toUpperCase();

function servingCell(state: ModemState): string {
  const { technology, mcc, mnc, cellId, physicalCellId, earfcn, band, trackingArea, rsrpDbm, rsrqDb, rssiDbm } = state.radio;
  if (!hears(state)) return '+QENG: "servingcell","SEARCH"';
  const camped = `+QENG: "servingcell","${inService(state) ? "NOCONN" : "LIMSRV"}","${NAMES[technology]}"`;
  if (technology === "GSM") {
    // What a module at rest has no figures for is "-".
    const unknown = Array.from({ length: 17 }, () => "-").join(",");
    return `${camped},${mcc},${mnc},${hex(trackingArea)},${hex(cellId)},${physicalCellId % 64},${earfcn},${band},${rssiDbm},${unknown}`;
  }
  const cell = [mcc, mnc, hex(cellId), physicalCellId, earfcn, band, BANDWIDTH, BANDWIDTH, hex(trackingArea)];
  const signal = [rsrpDbm, rsrqDb, rssiDbm, sinrSteps(state), rsrpDbm - LEAST_RSRP_DBM];
  return `${camped},"FDD",${cell.join(",")},${signal.join(",")}`;
}

export const qeng = defineCommand({
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

export const cellCommands: readonly CommandDefinition[] = [qeng];
