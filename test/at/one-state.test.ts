/** What a host reads at the AT port and what a Server reads are one state. */
import { describe, expect, it } from "vitest";
import { turnKnob } from "#control/knobs";
import { openModule } from "../support/at-module.ts";

async function open() {
  const module = await openModule();
  const { registry, modem, type } = module;
  return {
    ...module,
    turn: (knob: string, value: unknown) => turnKnob(modem, knob, value),
    value: (objectId: number, resourceId: number) => registry.value(objectId, 0, resourceId),
    /** The first of a resource's Instances. */
    first: (objectId: number, resourceId: number) =>
      (registry.value(objectId, 0, resourceId) as ReadonlyMap<number, unknown>).get(0),
    errors: () => [...(registry.value(3, 0, 11) as ReadonlyMap<number, number>).values()],
    /** As a Server does. */
    set: (resourceId: number, type: "time" | "string", value: number | string) =>
      registry.write(
        { objectId: 3, instanceId: 0, resourceId },
        { kind: "resource", id: resourceId, type, value },
        "replace",
      ),
    /** The values of an answer's first line. */
    ask: async (line: string) => (await type(`${line}\r`))[0]!.replace(/^[^:]*: /, "").split(","),
    whole: async (line: string) => (await type(`${line}\r`))[0],
  };
}

const bare = (text: string | undefined) => text?.replaceAll('"', "");

describe("the AT port and the Objects", () => {
  it("tell one position", async () => {
    const { clock, turn, value, ask } = await open();
    await ask("AT+QGPS=1");
    turn("fix", "48.8566,2.3522,35,10,5,90");
    await clock.advance(5000);
    for (const [latitude, longitude] of [
      [48.8566, 2.3522],
      [48.8586, 2.3542],
      [-33.8688, 151.2093],
    ] as const) {
      turn("fix", `${latitude},${longitude},35,10,5,90`);
      await clock.advance(5000);
      const [, first, second] = await ask("AT+QGPSLOC=2");
      expect([Number(first), Number(second)]).toEqual([latitude, longitude]);
      expect([value(6, 0), value(6, 1)]).toEqual([latitude, longitude]);
    }
    turn("gnss.faulty", true);
    expect(await ask("AT+QGPSLOC=2")).toEqual(["516"]);
    expect(value(6, 0)).toBeUndefined();
  });

  it("do not move while a move is too small to be told (GPS_MIN_DISTANCE), and the time at the port goes on", async () => {
    const { clock, turn, value, ask, modem } = await open();
    await ask("AT+QGPS=1");
    turn("fix", "48.8566,2.3522");
    await clock.advance(5000);
    const [firstTime, ...place] = await ask("AT+QGPSLOC=2");
    turn("fix", "48.856601,2.3522");
    await clock.advance(5000);
    const [secondTime, ...samePlace] = await ask("AT+QGPSLOC=2");
    expect(samePlace).toEqual(place);
    expect(value(6, 0)).toBe(48.8566);
    expect([firstTime, secondTime]).toEqual(["000015.0", "000020.0"]);
    expect(modem.state.fix?.takenAtMs).toBe(Date.UTC(2026, 0, 1, 0, 0, 10));
  });

  it("tell one signal and one cell", async () => {
    const { turn, value, ask } = await open();
    turn("radio.rsrpDbm", -111);
    turn("radio.rsrqDb", -17);
    turn("radio.cellId", 0x1234567);
    expect([value(4, 2), value(4, 3), value(4, 8)]).toEqual([-111, -17, 0x1234567]);
    const quectel = await ask("AT+QCSQ");
    expect([Number(quectel[2]), Number(quectel[4])]).toEqual([-111, -17]);
    const cell = await ask('AT+QENG="servingcell"');
    expect([Number.parseInt(cell[6]!, 16), Number(cell[13]), Number(cell[14])]).toEqual([0x1234567, -111, -17]);
    turn("radio.technology", "GSM");
    turn("radio.rssiDbm", -93);
    expect(value(4, 2)).toBe(-93);
    expect(await ask("AT+CSQ")).toEqual(["10", "99"]);
  });

  it("tell one default bearer, the host's calls and the Client's own, each once", async () => {
    const { value, ask, turn, take, client, clock, settings } = await open();
    const texts = (resourceId: number) => [
      ...((value(4, resourceId) ?? new Map()) as ReadonlyMap<number, string>).values(),
    ];
    const addressOf = async (cid: number) => JSON.parse((await ask(`AT+CGPADDR=${cid}`))[1]!) as string;
    expect([texts(4), texts(7)]).toEqual([[await addressOf(1)], ["internet"]]);
    const [, , apn, , router] = await ask("AT+CGCONTRDP=1");
    expect([[JSON.parse(apn!)], [JSON.parse(router!)]]).toEqual([texts(7), texts(5)]);
    await ask('AT+QICSGP=2,1,"other"');
    await ask("AT+QIACT=2");
    expect(texts(4)).toEqual([await addressOf(1), await addressOf(2)]);
    settings.setServer("192.0.2.1", 5683);
    client.register(false);
    await clock.advance(1000);
    take();
    expect(texts(7)).toEqual(["internet", "other", "carrierAPN1"]);
    turn("network.pdpdeact", 1);
    await clock.advance(1000);
    take();
    expect(texts(4).slice(0, 2)).toEqual([await addressOf(1), await addressOf(2)]);
    turn("network.attached", false);
    expect([texts(4), texts(5), texts(7)]).toEqual([[], [], []]);
    turn("network.defaultApn", "given");
    turn("network.attached", true);
    await clock.advance(1000);
    take();
    expect(texts(7)).toEqual(["given", "carrierAPN1"]);
    expect(texts(4)[0]).toBe(await addressOf(1));
  });

  it("tell one address, one traffic and one battery", async () => {
    const { value, ask, modem, turn } = await open();
    await ask('AT+CGDCONT=1,"IP","internet"');
    await ask("AT+CGACT=1,1");
    expect((await ask("AT+CGPADDR=1"))[1]).toBe(`"${(value(4, 4) as ReadonlyMap<number, string>).get(0)}"`);
    modem.update(({ traffic }) => ({ traffic: { ...traffic, txBytes: 12_345, rxBytes: 6789 } }));
    expect(await ask("AT+QGDCNT?")).toEqual(["12345", "6789"]);
    expect([value(7, 2), value(7, 3)]).toEqual([12, 6]);
    await ask("AT+QGDCNT=0");
    expect([value(7, 2), value(7, 3)]).toEqual([0, 0]);
    turn("battery.millivolts", 3456);
    expect(await ask("AT+QVBATT")).toEqual(["3456"]);
    expect((value(3, 7) as ReadonlyMap<number, number>).get(0)).toBe(3456);
  });

  it("tell one identity, which an update of the firmware changes for both", async () => {
    const { value, whole, modem } = await open();
    for (const revision of [modem.state.identity.revision, "BG96MAR04A04M1G"]) {
      modem.update(({ identity }) => ({ identity: { ...identity, revision } }));
      expect([await whole("AT+CGMI"), await whole("AT+GMI")]).toEqual([value(3, 0), value(3, 0)]);
      expect([await whole("AT+CGMM"), value(3, 17)]).toEqual([value(3, 1), value(3, 1)]);
      expect([await whole("AT+CGSN"), await whole("AT+GSN")]).toEqual([value(3, 2), value(3, 2)]);
      expect([await whole("AT+CGMR"), value(3, 3)]).toEqual([revision, revision]);
      expect(await whole("AT+QGMR")).toBe(`${revision}_${value(3, 19)}`);
      expect(await whole("AT+QAPPVER")).toBe(value(3, 19));
    }
  });

  it("tell one signal, weak or none, in every technology", async () => {
    const { clock, turn, value, ask, whole, errors } = await open();
    await ask('AT+QCFG="iotopmode",2');
    for (const [technology, act, bearer, name] of [
      ["CAT-M1", "8", 6, "CAT-M"],
      ["CAT-NB1", "9", 7, "CAT-NB"],
      ["GSM", "0", 0, "GSM"],
    ] as const) {
      turn("radio.technology", technology);
      turn("radio.rssiDbm", -69);
      await clock.advance(1000);
      expect([value(4, 0), (await ask("AT+COPS?"))[3]]).toEqual([bearer, act]);
      expect([(await ask("AT+QCSQ"))[0], (await ask("AT+QNWINFO"))[0]]).toEqual([`"${technology}"`, `"${technology}"`]);
      expect((await ask('AT+QENG="servingcell"'))[2]).toBe(`"${name}"`);
      const rssi = [(await ask("AT+QCSQ"))[1], String(Number((await ask("AT+CSQ"))[0]) * 2 - 113)];
      expect(rssi).toEqual(["-69", "-69"]);
      if (technology !== "GSM") expect(value(4, 2)).toBe(Number((await ask("AT+QCSQ"))[2]));
      expect((await ask("AT+CIND?")).slice(1, 5)).toEqual(["4", "1", "0", "0"]);
      expect(errors()).toEqual([0]);
    }
    turn("radio.rssiDbm", -111);
    expect([await whole("AT+CSQ"), errors()]).toEqual(["+CSQ: 1,99", [4]]);
    expect((await ask("AT+CIND?"))[1]).toBe("0");
    turn("network.coverage", false);
    expect([await whole("AT+CSQ"), await whole("AT+QCSQ")]).toEqual(["+CSQ: 99,99", '+QCSQ: "NOSERVICE"']);
    expect([await whole("AT+QNWINFO"), await whole("AT+COPS?")]).toEqual(['+QNWINFO: "No Service"', "+COPS: 0"]);
    expect(errors()).toEqual([4]);
  });

  it("tell one cell and one network", async () => {
    const { turn, value, ask } = await open();
    turn("radio.cellId", 0x1234567);
    turn("radio.trackingArea", 0x4242);
    await ask("AT+CEREG=2;+COPS=3,2");
    const cell = await ask('AT+QENG="servingcell"');
    const [, , area, cellId] = await ask("AT+CEREG?");
    expect([bare(area), bare(cellId)]).toEqual([cell[12], cell[6]]);
    expect([value(4, 8), cell[12]]).toEqual([Number.parseInt(cell[6]!, 16), "4242"]);
    const operator = bare((await ask("AT+COPS?"))[2]);
    const [, numeric, band, channel] = await ask("AT+QNWINFO");
    expect([bare(numeric), `${cell[4]}${cell[5]}`]).toEqual([operator, operator]);
    expect([Number(cell[4]), Number(cell[5])]).toEqual([value(4, 10), value(4, 9)]);
    expect([bare(band), channel]).toEqual([`LTE BAND ${cell[9]}`, cell[8]]);
    expect(bare((await ask("AT+QSPN"))[4])).toBe(operator);
    turn("network.roaming", true);
    expect([(await ask("AT+CEREG?"))[1], (await ask("AT+CIND?"))[4]]).toEqual(["5", "1"]);
  });

  it("tell one address with its APN, its router and its name servers", async () => {
    const { first, ask, type, take, clock } = await open();
    await ask('AT+CGDCONT=1,"IP","internet"');
    await ask("AT+CGATT=0");
    await type("AT+CGATT=1\r");
    await clock.advance(1000);
    expect(take()).toEqual(["OK"]);
    await ask("AT+QIACT=1");
    const address = `"${first(4, 4)}"`;
    expect((await ask("AT+QIACT?"))[3]).toBe(address);
    expect((await ask("AT+CGPADDR=1"))[1]).toBe(address);
    const given = await ask("AT+CGCONTRDP=1");
    expect(bare(given[2])).toBe(first(4, 7));
    expect(bare((await ask("AT+QICSGP=1"))[1])).toBe(first(4, 7));
    expect(bare(given[3])).toBe(`${first(4, 4)}.255.255.255.0`);
    expect(bare(given[4])).toBe(first(4, 5));
    expect((await ask("AT+QIDNSCFG=1")).slice(1)).toEqual(given.slice(5, 7));
    await ask("AT+CGATT=0");
    expect([(await ask("AT+CGATT?"))[0], (await ask("AT+CIND?"))[6]]).toEqual(["0", "0"]);
  });

  it("tell one charge and one supply", async () => {
    const { turn, value, first, ask, errors } = await open();
    for (const [percent, bars, low] of [
      [100, "5", false],
      [19, "1", true],
      [0, "0", true],
    ] as const) {
      turn("battery.percent", percent);
      const [charging, shown, millivolts] = await ask("AT+CBC");
      expect([Number(shown), bars]).toEqual([value(3, 9), (await ask("AT+CIND?"))[0]]);
      expect([millivolts, (await ask("AT+QVBATT"))[0]]).toEqual([String(first(3, 7)), String(first(3, 7))]);
      expect([charging, value(3, 20), errors().includes(1)]).toEqual(["0", low ? 4 : 0, low]);
    }
    turn("battery.charging", 1);
    expect([(await ask("AT+CBC"))[0], value(3, 20)]).toEqual(["1", 1]);
    turn("battery.charging", 2);
    expect([(await ask("AT+CBC"))[0], value(3, 20)]).toEqual(["2", 2]);
  });

  it("tell one flash: what a host stores there is gone from /3/0/10", async () => {
    const { turn, value, ask, type, errors } = await open();
    const kilobytes = async () => (await ask('AT+QFLDS="UFS"')).map((bytes) => Number(bytes) / 1024);
    const before = value(3, 10) as number;
    expect(await kilobytes()).toEqual([before, value(3, 21)]);
    await ask('AT+QFUPL="EUFS:/ufs/a.bin",3000');
    await type("x".repeat(3000));
    expect([value(3, 10), (await kilobytes())[0]]).toEqual([before - 3, before - 3]);
    await ask('AT+QFDEL="EUFS:/ufs/a.bin"');
    expect(value(3, 10)).toBe(before);
    turn("memory.freeKb", 0);
    expect([await ask('AT+QFUPL="a.bin",1'), errors()]).toEqual([["403"], [5]]);
  });

  it("tell one clock, whoever sets it, and one zone", async () => {
    const { turn, value, ask, set, clock } = await open();
    const shown = async () => bare((await ask("AT+CCLK?")).join(","));
    await ask('AT+CCLK="24/02/29,23:59:59+36"');
    expect([value(3, 13), value(3, 14)]).toEqual([Date.UTC(2024, 1, 29, 14, 59, 59) / 1000, "+09:00"]);
    set(13, "time", Date.UTC(2030, 5, 1, 12, 0, 0) / 1000);
    set(14, "string", "-03:30");
    expect(await shown()).toBe("30/06/01,08:30:00-14");
    await ask("AT+CTZU=1");
    turn("network.zoneQuarters", 8);
    await clock.advance(10);
    const [date, time] = (await ask("AT+QLTS=2")).map((each) => bare(each)!);
    expect(await shown()).toBe(`${date!.slice(2)},${time}`);
    expect([value(3, 14), value(3, 13)]).toEqual(["+02:00", Math.floor(clock.now() / 1000)]);
  });

  it("tell one position in every sentence, and of a receiver that fails nothing at all", async () => {
    const { clock, turn, value, ask, errors } = await open();
    await ask('AT+QGPSCFG="nmeasrc",1');
    await ask("AT+QGPS=1");
    turn("fix", "-33.8688,151.2093,58,10,20,271.5");
    await clock.advance(5000);
    const location = await ask("AT+QGPSLOC=0");
    const sentence = async (type: string) => (await ask(`AT+QGPSGNMEA="${type}"`)).map((each) => each.split("*")[0]!);
    const gga = await sentence("GGA");
    const rmc = await sentence("RMC");
    const vtg = await sentence("VTG");
    const gsa = await sentence("GSA");
    expect([location[0], location[1], location[2]]).toEqual([gga[1], gga[2]! + gga[3]!, gga[4]! + gga[5]!]);
    expect(rmc.slice(3, 7)).toEqual(gga.slice(2, 6));
    expect([rmc[1], rmc[9]]).toEqual([location[0], location[9]]);
    expect([gga[8], gsa[16], gga[9]]).toEqual([location[3], location[3], location[4]]);
    expect([vtg[5], rmc[7], vtg[7]]).toEqual([location[8], location[8], location[7]]);
    expect([vtg[1], rmc[8]]).toEqual(["271.5", "271.5"]);
    expect(gsa.slice(3, 15).filter((each) => each !== "")).toHaveLength(Number(location[10]));
    expect([gga[7], (await sentence("GSV"))[3], (await sentence("GNS"))[7]]).toEqual([
      location[10],
      location[10],
      location[10],
    ]);
    expect([value(6, 2), value(6, 3), value(6, 6)]).toEqual([58, 10, 20]);
    expect([...(value(6, 4) as Buffer)]).toEqual([1, 15, 0, 72]); // 271 degrees, 72 km/h
    expect([location[4], location[7]]).toEqual(["58.0", "72.0"]);
    expect((value(6, 5) as number) % 86_400).toBe(10); // when it was found; AT+QGPSLOC tells it anew each second
    turn("gnss.faulty", true);
    expect([errors(), await ask("AT+QGPSLOC=0"), (await sentence("GGA"))[6]]).toEqual([[3], ["516"], "0"]);
  });

  it("have one card behind its commands and its files", async () => {
    const { ask, whole, turn, modem } = await open();
    const file = async (order: string) => bare((await ask(`AT+CRSM=${order}`))[2]) ?? "";
    const swap = (digits: string) => digits.replace(/(.)(.)/g, "$2$1");
    expect(swap(await file("176,12258,0,0,10"))).toBe((await ask("AT+QCCID"))[0]);
    expect(swap((await file("176,28423,0,0,9")).slice(2)).slice(1)).toBe(await whole("AT+CIMI"));
    modem.update(({ sim }) => ({ sim: { ...sim, iccid: "8982061234567890123" } }));
    for (const name of ["QCCID", "ICCID", "CCID"]) {
      expect(await whole(`AT+${name}`)).toBe(`+${name}: ${swap(await file("176,12258,0,0,10"))}`);
    }
    expect(await whole("AT+QCCID")).toBe("+QCCID: 8982061234567890123F");
    const number = await file("178,28480,1,4,28");
    expect(swap(number.slice(32)).replace(/F+$/, "")).toBe(bare((await ask("AT+CNUM"))[1]));
    const selected = (await whole('AT+CSIM=14,"00A4000C022FE2"'))!;
    expect(selected).toBe('+CSIM: 4,"9000"');
    expect(bare((await ask('AT+CSIM=10,"00B000000A"'))[1])).toBe(`${await file("176,12258,0,0,10")}9000`);
    // the PIN that AT+CLCK asks for is the card's own
    const isAsked = async () => (await file("242,0,0,0,0")).includes("900180");
    expect([await isAsked(), (await ask('AT+CLCK="SC",2'))[0]]).toEqual([false, "0"]);
    await ask('AT+CLCK="SC",1,"1234"');
    expect([await isAsked(), (await ask('AT+CLCK="SC",2'))[0]]).toEqual([true, "1"]);
    turn("sim.inserted", false);
    expect([await ask("AT+CIMI"), await ask("AT+CRSM=176,12258,0,0,10")]).toEqual([["10"], ["10"]]);
    expect([(await ask("AT+QSIMSTAT?"))[1], (await ask("AT+QINISTAT"))[0]]).toEqual(["0", "0"]);
  });
});
