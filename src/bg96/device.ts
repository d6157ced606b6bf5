/** The module and its LwM2M Client, wired: all of a modem but its host's ports and its real network. */

import type { OpenLink } from "#coap/link";
import { createStore } from "#efs/store";
import { createFirmware, type Firmware } from "#firmware/firmware";
import { awakeMs, whyAwake } from "#lwm2m/activity";
import { type ClientCore, type ClientOptions, createClient } from "#lwm2m/client-core";
import { readOptions } from "#lwm2m/client-files";
import { resetToFactory } from "#lwm2m/factory-reset";
import { overRadio } from "#lwm2m/radio-link";
import { createRegistry, type Registry } from "#lwm2m/registry";
import { type RunOverrides, type RunSettings, withOverrides } from "#lwm2m/run-settings";
import { pskFor } from "#lwm2m/server-psk";
import { createSettings } from "#lwm2m/settings";
import { atEachBoot } from "#modem/each-boot";
import { createGnss } from "#modem/gnss";
import { createNetwork } from "#modem/network";
import { type BootProfile, createPower, type Power } from "#modem/power";
import { createPowerSaving } from "#modem/power-saving";
import { createMessageCentre } from "#modem/sms/message-centre";
import type { ModemState } from "#modem/state";
import { createTrafficMeter } from "#modem/traffic-meter";
import { deviceObjects } from "#objects/device-objects";

type ClientParts = Omit<ClientOptions, "power" | "store" | "registry" | "settings" | "openLink" | "onTraffic">;

export interface DeviceParts extends ClientParts {
  /** What a Factory Reset returns to. */
  readonly initial: ModemState;
  readonly profile: BootProfile;
  /** The command line's options, which win over files. */
  readonly overrides: RunOverrides;
  /** The way to Servers, the radio left out. */
  readonly openWire: OpenLink;
  readonly firmware: { readonly acceptAny: boolean; readonly httpsVerify: boolean };
  /** Objects 10250 and 26241 whatever the profile says. */
  readonly lguAlways?: boolean;
}

export interface Device {
  readonly power: Power;
  readonly settings: RunSettings;
  readonly registry: Registry;
  readonly client: ClientCore;
  readonly firmware: Firmware;
  /** Ends everything at once, as a power loss does. */
  close(): void;
}

/** Wires them; the power is still off. */
export function createDevice(parts: DeviceParts): Device {
  const { runtime, modem, efs, initial, profile, transmission, openWire, overrides, lguAlways = false } = parts;
  const { clock, log } = runtime;
  const power = createPower({ modem, clock, log, profile });
  const network = createNetwork({ modem, clock, log, profile });
  const messageCentre = createMessageCentre({ modem, clock });
  const settings = withOverrides(createSettings({ efs, modem, log }), overrides);
  const openLink = overRadio(openWire, modem);
  const options = atEachBoot(modem, () => readOptions(efs));
  const gnss = createGnss({ modem, clock, limits: options });
  const meter = createTrafficMeter(modem, clock);
  const powerSaving = createPowerSaving({
    modem,
    power,
    clock,
    log,
    lastTrafficMs: () => meter.lastMs,
    wantedAwakeMs: () => awakeMs(client.activity, options().ackTimeoutS),
    whyAwake: () => whyAwake(client.activity, options().ackTimeoutS),
  });
  const firmware = createFirmware({
    runtime,
    modem,
    power,
    efs,
    openLink,
    transmission,
    pskFor: (host, port) => pskFor(registry, host, port),
    onTraffic: meter.count,
    ...parts.firmware,
  });
  const registry: Registry = createRegistry(
    deviceObjects(modem, {
      reboot: () => power.restart(),
      factoryReset: () => resetToFactory({ modem, power, registry, settings, initial }),
      threshold: () => options().batteryLowPercent,
      lguOffered: () => lguAlways || client.lguOffered,
      after: clock.after,
      meter,
      now: () => clock.now(),
      disable: (instanceId) => client.disable(instanceId),
      update: (instanceId) => client.triggerUpdate(instanceId),
      firmware,
      downlink: (path, data) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, downlink: { path, data } } })),
    }),
  );
  const client: ClientCore = createClient({
    ...parts,
    power,
    store: createStore(efs, log),
    registry,
    settings,
    openLink,
    onTraffic: meter.count,
  });
  return {
    power,
    settings,
    registry,
    client,
    firmware,
    close() {
      client.halt();
      firmware.close();
      power.close();
      network.close();
      powerSaving.close();
      messageCentre.close();
      gnss.close();
    },
  };
}
