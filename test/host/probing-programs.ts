/** Programs that look for a modem, and those that set one up to be used. */
import { fileURLToPath } from "node:url";
import { type Acceptance, NAMESPACE } from "./acceptance.ts";

const MODEM_MANAGER = fileURLToPath(new URL("modemmanager.sh", import.meta.url));

export const PROBING_PROGRAMS: readonly Acceptance[] = [
  {
    title: "tio shows the answer to what is piped into it",
    needs: [{ command: "tio", debian: "tio" }],
    script: `(sleep .5; printf 'ATI\\r'; sleep .5) | timeout 5 tio $L 2>&1 | tr -d '\\r' | tee $W/shown; grep -qx BG96 $W/shown`,
  },
  {
    title: "comgt tells signal and registration",
    needs: [{ command: "comgt", debian: "comgt" }],
    script: `
      timeout 30 comgt -d $L sig </dev/null | tee $W/shown && grep -q '^Signal Quality: [0-9]' $W/shown &&
        timeout 60 comgt -d $L reg </dev/null | grep -q '^Registered on Home network'`,
  },
  {
    title: "wvdial sets the modem up and hears that nobody answers",
    needs: [{ command: "wvdial", debian: "wvdial" }],
    script: `
      printf '[Dialer Defaults]\\nModem = %s\\nBaud = 115200\\nInit1 = ATZ\\nInit2 = ATQ0 V1 E1 S0=0 &C1 &D2\\nPhone = 5551234\\n' $L >$W/conf
      printf 'Username = u\\nPassword = p\\nDial Attempts = 1\\n' >>$W/conf
      timeout 30 wvdial -C $W/conf >$W/shown 2>&1
      cat $W/shown
      grep -q '^--> Modem initialized' $W/shown && grep -q '^NO CARRIER' $W/shown`,
  },
  {
    title: "wvdialconf finds the modem among the serial ports",
    needs: [{ command: "wvdialconf", debian: "wvdial" }, ...NAMESPACE],
    script: `
      unshare -m bash -c "mount --bind $(readlink -f $L) /dev/ttyS0 && timeout 60 wvdialconf $W/conf" >$W/shown 2>&1
      cat $W/shown
      grep -q '^Found a modem on /dev/ttyS0' $W/shown && grep -q 'Modem Identifier: ATI -- Quectel' $W/shown`,
  },
  {
    title: "ModemManager registers it by its Quectel plugin, reads, sends and deletes messages",
    needs: [
      { command: "ModemManager", debian: "modemmanager" },
      { command: "mmcli", debian: "modemmanager" },
      { command: "dbus-daemon", debian: "dbus" },
      { command: "[ -x /usr/lib/polkit-1/polkitd ]", debian: "polkitd" },
      ...NAMESPACE,
    ],
    script: `
      knob "sms=+491701234567: hello ModemManager"
      unshare -m bash ${MODEM_MANAGER} $(readlink -f $L) $W`,
  },
];
