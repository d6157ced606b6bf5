import { describe, expect, it } from "vitest";
import { keepMemories, readMemories } from "#at/memory/kept-memories";
import { openEfs } from "#efs/efs";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { noMessages } from "#modem/sms/message-centre";
import { withMessage } from "#modem/sms/message-store";
import { type Log, silentLog } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { hardware } from "../support/hardware.ts";

const initial = createInitialState(hardware);
const pdu = "07911326040000F0040B911346610089F60000208062917314800131";
const stored = withMessage(noMessages, "SM", { status: 1, pdu })!.sms.stores;
const phonebooks = { SM: { 250: { number: "+491701234567", type: 145, text: "Ann" } }, ME: {} };

function reading(content: unknown) {
  const efs = openEfs(temporaryDirectory());
  efs.write("/nv/memories.json", typeof content === "string" ? content : JSON.stringify(content));
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    error: (fields, message) => void lines.push(JSON.stringify({ ...fields, message })),
  };
  return { kept: readMemories(efs, initial, log), lines };
}

describe("short messages and phonebooks", () => {
  it("are read as they were kept, and nothing of what was on its way", () => {
    const efs = openEfs(temporaryDirectory());
    const modem = createModem(initial);
    keepMemories(efs, modem, silentLog);
    modem.update({ sms: { ...noMessages, stores: stored, routing: [0, 0, 0, 0, 0] }, phonebooks });
    expect(readMemories(efs, initial, silentLog)).toEqual({ sms: { ...noMessages, stores: stored }, phonebooks });
  });

  it("are written only when they change", () => {
    const efs = openEfs(temporaryDirectory());
    const modem = createModem(initial);
    keepMemories(efs, modem, silentLog);
    modem.update({ sms: { ...noMessages, routing: [0, 0, 0, 0, 0] }, functionality: 4 });
    expect(efs.read("/nv/memories.json")).toBeUndefined();
  });

  it("are empty, with a line in the log, where the file makes no sense", () => {
    const good = { messages: stored, phonebooks };
    expect(reading(good).lines).toEqual([]);
    for (const wrong of [
      "",
      "[",
      "null",
      {},
      { ...good, messages: { SM: {} } },
      { ...good, messages: { SM: { 40: stored.SM[0] }, ME: {} } },
      { ...good, messages: { SM: { 0: { status: 1, pdu: "00" } }, ME: {} } },
      { ...good, messages: { SM: { 0: { status: 2, pdu } }, ME: {} } },
      { ...good, messages: { SM: { 0: { status: 7, pdu } }, ME: {} } },
      { ...good, phonebooks: { SM: { 0: phonebooks.SM[250] }, ME: {} } },
      { ...good, phonebooks: { SM: { 1: { ...phonebooks.SM[250], number: 5 } }, ME: {} } },
    ]) {
      const { kept, lines } = reading(wrong);
      expect(kept, JSON.stringify(wrong)).toEqual({ sms: noMessages, phonebooks: { SM: {}, ME: {} } });
      expect(lines).toHaveLength(1);
    }
  });

  it("stay as they are in the module when the disk refuses", () => {
    const efs = openEfs(temporaryDirectory());
    const lines: string[] = [];
    const modem = createModem(initial);
    const refusing = {
      ...efs,
      write() {
        throw new Error("no space left");
      },
    };
    keepMemories(refusing, modem, { ...silentLog, error: (_, message) => void lines.push(message) });
    modem.update({ phonebooks });
    expect(modem.state.phonebooks).toBe(phonebooks);
    expect(lines).toEqual(["short messages and phonebooks could not be kept"]);
  });
});
