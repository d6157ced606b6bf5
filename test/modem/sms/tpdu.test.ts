import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSeptets, toSeptets } from "#modem/sms/gsm-alphabet";
import { addressOf, alphabetOf, classOf, numberOf, PduError } from "#modem/sms/pdu-fields";
import { textParts } from "#modem/sms/text-message";
import {
  type Deliver,
  decodeMessage,
  decodeTpdu,
  encodeMessage,
  encodeTpdu,
  type Submit,
  septetsIn,
  userData,
} from "#modem/sms/tpdu";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const textOf = ({ data }: Deliver | Submit) => fromSeptets(septetsIn(data));

/** Parts of an SMS-SUBMIT of 3GPP TS 31.124 §27.22.4.10.1.4: its first octets, the address +012345678 and the protocol 40. */
const SUBMIT = "01 00 09 91 10 32 54 76 F8 40";
const common = {
  kind: "submit",
  fo: 1,
  reference: 0,
  to: { digits: "012345678", type: 145 },
  pid: 0x40,
  validity: undefined,
};

describe("an SMS-SUBMIT of 3GPP TS 31.124 §27.22.4.10.1.4", () => {
  for (const { title, bytes, dcs, data } of [
    {
      title: "of octets",
      bytes: `${SUBMIT} F4 0C 54 65 73 74 20 4D 65 73 73 61 67 65`,
      dcs: 0xf4,
      data: userData("octets", Buffer.from("Test Message")),
    },
    {
      title: "of packed text",
      bytes: `${SUBMIT} F0 0D 53 F4 5B 4E 07 35 CB F3 79 F8 5C 06`,
      dcs: 0xf0,
      data: userData("gsm", toSeptets("Short Message")!),
    },
    {
      title: "in UCS2",
      bytes: `${SUBMIT} 08 18 04 17 04 14 04 20 04 10 04 12 04 21 04 22 04 12 04 23 04 19 04 22 04 15`,
      dcs: 8,
      data: userData("ucs2", Buffer.from("ЗДРАВСТВУЙТЕ", "utf16le").swap16()),
    },
  ]) {
    it(`${title} is read and written as it stands there`, () => {
      const tpdu = { ...common, dcs, data } as Submit;
      expect(decodeTpdu(hex(bytes), false)).toEqual(tpdu);
      expect(encodeTpdu(tpdu)).toEqual(hex(bytes));
    });
  }
});

describe("an SMS-DELIVER", () => {
  // fields laid out by hand after 3GPP TS 23.040 §9.2.2.1
  const pdu =
    "07911326040000F0" + "04" + "0B911346610089F6" + "00" + "00" + "20806291731480" + "0C" + "C8F71D14969741F977FD07";

  it("is read as TS 23.040 §9.2.2.1 lays it out", () => {
    const { centre, tpdu, length } = decodeMessage(pdu, true);
    expect(numberOf(centre)).toBe("+31624000000");
    expect(length).toBe(30);
    expect(tpdu).toMatchObject({
      kind: "deliver",
      from: { digits: "31641600986", type: 145 },
      at: "02/08/26,19:37:41+08",
    });
    expect(textOf(tpdu as Deliver)).toBe("How are you?");
    expect(encodeMessage(centre, tpdu)).toBe(pdu);
  });

  it("has a zone west of Greenwich in bit 3 of the first semi-octet (§9.2.3.11)", () => {
    const west = pdu.replace("20806291731480", "2080629173148A");
    expect(decodeMessage(west, true).tpdu).toMatchObject({ at: "02/08/26,19:37:41-28" });
    const { centre, tpdu } = decodeMessage(west, true);
    expect(encodeMessage(centre, tpdu)).toBe(west);
  });

  it("of a sender with a name has it in septets", () => {
    const from = { digits: "Quectel", type: 208 };
    const [tpdu] = textParts(from, "26/11/21,16:00:00+00", "x", 0);
    // 13 semi-octets of address hold 7 septets (§9.1.2.5)
    expect(encodeTpdu(tpdu!).subarray(1, 3).toString("hex")).toBe("0dd0");
    expect(decodeTpdu(encodeTpdu(tpdu!), true)).toMatchObject({ from });
  });
});

it("an SMS-STATUS-REPORT is read as TS 23.040 §9.2.2.3 lays it out, optional parameters passed over", () => {
  const report = "06 2A 0B 91 94 71 10 32 54 F6 62 11 12 61 00 00 00 62 11 12 61 10 00 00 00";
  for (const optional of ["", " FF 00 00"]) {
    expect(decodeTpdu(hex(report + optional), true)).toMatchObject({
      kind: "report",
      reference: 42,
      to: { digits: "49170123456", type: 145 },
      at: "26/11/21,16:00:00+00",
      dischargedAt: "26/11/21,16:01:00+00",
      status: 0,
    });
  }
  expect(encodeTpdu(decodeTpdu(hex(report), true))).toEqual(hex(report));
});

it("an SMS-SUBMIT has its validity as its first octet says", () => {
  const tail = "05 81 21 43 F5 00 00";
  expect(decodeTpdu(hex(`11 00 ${tail} A7 01 31`), false)).toMatchObject({ validity: 167 });
  expect(decodeTpdu(hex(`19 00 ${tail} 62 11 12 61 00 00 00 01 31`), false)).toMatchObject({
    validity: "26/11/21,16:00:00+00",
  });
  expect(decodeTpdu(hex(`09 00 ${tail} 01 02 03 04 05 06 07 01 31`), false)).toMatchObject({ validity: undefined });
});

it("coding schemes are told apart as TS 23.038 §4 does", () => {
  const told = [0x00, 0x04, 0x08, 0x11, 0x20, 0x48, 0xc8, 0xe0, 0xf0, 0xf6].map((dcs) => [
    alphabetOf(dcs),
    classOf(dcs),
  ]);
  expect(told).toEqual([
    ["gsm", undefined],
    ["octets", undefined],
    ["ucs2", undefined],
    ["gsm", 1],
    ["octets", undefined],
    ["ucs2", undefined],
    ["gsm", undefined],
    ["ucs2", undefined],
    ["gsm", 0],
    ["octets", 2],
  ]);
});

describe("long text", () => {
  const at = "26/11/21,16:00:00+00";

  it("goes in parts with the header of TS 23.040 §9.2.3.24.1, text on septet boundaries", () => {
    const text = `${"a".repeat(152)}€${"b".repeat(60)}`;
    const parts = textParts(addressOf("+49170"), at, text, 7);
    expect(parts.map(({ data }) => data.header.toString("hex"))).toEqual(["050003070201", "050003070202"]);
    // an escape and its code stay together
    expect(parts.map(textOf)).toEqual(["a".repeat(152), `€${"b".repeat(60)}`]);
    expect(parts.map((each) => textOf(decodeTpdu(encodeTpdu(each), true) as Deliver)).join("")).toBe(text);
  });

  it("fits in one up to 160 septets or 70 letters of UCS2", () => {
    const count = (text: string) => textParts(addressOf("1"), at, text, 0).length;
    expect([count("a".repeat(160)), count("a".repeat(161)), count("日".repeat(70)), count("日".repeat(71))]).toEqual([
      1, 2, 1, 2,
    ]);
    const [first] = textParts(addressOf("1"), at, `${"日".repeat(66)}😀x日日日日`, 0);
    expect(first!.data.octets.length).toBe(6 + 66 * 2); // a pair of surrogates is not cut
  });
});

describe("a broken PDU", () => {
  const good = "07911326040000F0040B911346610089F600002080629173148000";

  it("is refused, wherever it ends", () => {
    for (let end = 0; end < good.length; end++) expect(() => decodeMessage(good.slice(0, end), true)).toThrow(PduError);
    expect(() => decodeMessage(`${good}00`, true)).toThrow(PduError);
    expect(decodeMessage(good, true).tpdu.kind).toBe("deliver");
  });

  it("says what is wrong", () => {
    expect(() => decodeMessage("zz", true)).toThrow("not hexadecimal");
    expect(() => decodeMessage("FF00", true)).toThrow("service centre: 255 octets");
    expect(() => decodeMessage("0004FF91", true)).toThrow("originator: 255 digits");
    expect(() => decodeMessage("000100039121F30008FF", false)).toThrow("text: 255 octets of at most 140");
    expect(() => decodeMessage(`000200039121F3${"00".repeat(14)}00${"41".repeat(150)}`, true)).toThrow(
      "171 octets of at most 164",
    );
    // a header that says it is longer than the text
    expect(() => decodeMessage("004100039121F3000401FF", false)).toThrow("header of the text");
  });

  it("never does anything else, and one that is read can be written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 180 }), fc.boolean(), (bytes, fromCentre) => {
        try {
          const message = decodeMessage(Buffer.from(bytes).toString("hex"), fromCentre);
          encodeMessage(message.centre, message.tpdu);
        } catch (error) {
          expect(error).toBeInstanceOf(PduError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
