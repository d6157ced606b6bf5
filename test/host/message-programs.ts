/** Programs that read, send and delete short messages. */
import { type Acceptance, GAMMU } from "./acceptance.ts";

const GNOKII = "timeout 30 gnokii --config $W/gnokii";
const gnokii = (script: string) => `
  printf '[global]\\nport = %s\\nmodel = AT\\nconnection = serial\\nserial_baudrate = 115200\\n' $L >$W/gnokii
  ${script}`;

/** gsm-utils end where DTR cannot be dropped, and no pty has DTR: a library gives them the lines of a serial port. */
const gsmUtils = (script: string) => `
  cat >$W/lines.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ioctl.h>
int ioctl(int fd, unsigned long request, ...) {
  va_list more;
  va_start(more, request);
  void *value = va_arg(more, void *);
  va_end(more);
  if (request == TIOCMBIC || request == TIOCMBIS || request == TIOCMSET) return 0;
  if (request == TIOCMGET) return *(int *)value = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS | TIOCM_DSR | TIOCM_CAR, 0;
  return ((int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl"))(fd, request, value);
}
END
  gcc -shared -fPIC -o $W/lines.so $W/lines.c -ldl || exit 1
  with() { LD_PRELOAD=$W/lines.so timeout 30 "$@"; }
  ${script}`;

const GSM_UTILS = [
  { command: "gsmctl", debian: "gsm-utils" },
  { command: "gcc", debian: "gcc" },
];

export const MESSAGE_PROGRAMS: readonly Acceptance[] = [
  {
    title: "gammu reads messages in both alphabets, of one part and of several",
    needs: [{ command: "gammu", debian: "gammu" }],
    script: `
      long=$(printf 'forty characters and a number, that is %d; ' 1 2 3 4 5)
      knob "sms=+491701234567: hello {€}" "sms=Ann: 안녕" "sms=+491701234567: $long"
      LC_ALL=C.UTF-8 timeout 60 gammu ${GAMMU} geteachsms >$W/read || exit 1
      cat $W/read
      grep -qx 'hello {€}' $W/read && grep -qx '안녕' $W/read && grep -q "^$long" $W/read &&
        grep -q '^Remote number *: "Ann"' $W/read && grep -q '^4 SMS parts in 3 SMS sequences' $W/read`,
  },
  {
    title: "gammu sends messages, one of them to the module's own number, and deletes them",
    needs: [{ command: "gammu", debian: "gammu" }],
    script: `
      own=$(timeout 30 gammu ${GAMMU} getallmemory ON | sed -n 's/^General number *: "\\(.*\\)"/\\1/p')
      long=$(printf 'note %d to myself; ' 1 2 3 4 5 6 7 8 9 10)
      timeout 60 gammu ${GAMMU} sendsms TEXT +491701234567 -text hello | grep -q 'reference=' || exit 1
      timeout 60 gammu ${GAMMU} sendsms TEXT $own -len 400 -text "$long" | grep -c 'reference=' || exit 1
      timeout 60 gammu ${GAMMU} geteachsms | tee $W/read | grep -q "^$long" || exit 1
      cat $W/read
      timeout 30 gammu ${GAMMU} deleteallsms 3 || exit 1
      timeout 30 gammu ${GAMMU} getallsms | grep -q '^0 SMS parts in 0 SMS sequences'`,
  },
  {
    title: "gammu asks for the service centre, the network and the battery",
    needs: [{ command: "gammu", debian: "gammu" }],
    script: `
      timeout 30 gammu ${GAMMU} getsmsc | grep -q '^Number *: "+' &&
        timeout 30 gammu ${GAMMU} networkinfo | grep -q '^GPRS *: attached' &&
        timeout 30 gammu ${GAMMU} battery | grep -q '^Battery level *: [0-9]* percent'`,
  },
  {
    title: "gnokii identifies the modem and sees its network",
    needs: [{ command: "gnokii", debian: "gnokii-cli" }],
    script: gnokii(`
      ${GNOKII} --identify 2>&1 | grep -qE '^IMEI +: [0-9]{15}$' &&
        ${GNOKII} --monitor once 2>&1 | tee $W/monitor && grep -q '^RFLevel: [1-9]' $W/monitor`),
  },
  {
    title: "gnokii reads, sends and deletes messages",
    needs: [{ command: "gnokii", debian: "gnokii-cli" }],
    script: gnokii(`
      knob "sms=+491701234567: hello" "sms=+491701234567: another"
      ${GNOKII} --getsms ME 1 1 2>&1 | tee $W/read
      grep -qx 'another' $W/read && grep -q '^Sender: +491701234567' $W/read || exit 1
      echo hi | ${GNOKII} --sendsms +491701234567 2>&1 | grep -q '^Send succeeded with reference' || exit 1
      ${GNOKII} --deletesms ME 1 2>&1 | grep -q '^Deleted SMS' || exit 1
      ${GNOKII} --showsmsfolderstatus 2>&1 | grep -qE 'ME +1$'`),
  },
  {
    title: "gnokii is told of a message while it waits",
    needs: [{ command: "gnokii", debian: "gnokii-cli" }],
    script: gnokii(`
      timeout 20 gnokii --config $W/gnokii --smsreader >$W/read 2>&1 &
      reader=$!
      sleep 4
      knob "sms=+491701234567: just now"
      for look in $(seq 60); do grep -q 'just now' $W/read && break; sleep .1; done
      kill $reader
      cat $W/read
      grep -q 'just now' $W/read`),
  },
  {
    title: "smsd takes messages from its spool and puts there what comes, reports among it",
    needs: [{ command: "smsd", debian: "smstools" }],
    script: `
      mkdir -p $W/out $W/checked $W/in $W/sent $W/failed
      printf '%s\\n' devices=BG96 outgoing=$W/out checked=$W/checked incoming=$W/in sent=$W/sent failed=$W/failed \\
        logfile=$W/log infofile=$W/info pidfile=$W/pid delaytime=1 blocktime=1 errorsleeptime=1 \\
        '[BG96]' device=$L incoming=yes memory_start=0 baudrate=115200 report=yes init=AT+CNMI=2,1,0,2 >$W/conf
      printf 'To: 491701234567\\n\\nhello from smsd\\n' >$W/out/one
      knob "sms=+491701234567: hello to smsd"
      timeout 40 smsd -t -c$W/conf &
      said() { grep -qs "$@"; }
      served() {
        said '^Message_id: [0-9]' $W/sent/one && said '^hello to smsd' $W/in/* && said '^From: 491701234567' $W/in/* &&
          said '^SMS STATUS REPORT' $W/in/* && said '^Status: 0,Ok' $W/in/*
      }
      for look in $(seq 300); do served && break; sleep .1; done
      kill $!
      wait
      cat $W/log $W/in/*
      served`,
  },
  {
    title: "gsmctl asks for everything there is",
    needs: GSM_UTILS,
    script: gsmUtils(`
      with gsmctl -d $L all 2>&1 | tee $W/all
      grep -q '^<ME1> *Model: BG96' $W/all && grep -q '^<SIG0> *[0-9]' $W/all && ! grep -q ERROR $W/all`),
  },
  {
    title: "gsmsendsms sends a message",
    needs: GSM_UTILS,
    script: gsmUtils("with gsmsendsms -d $L +491701234567 'hello from gsm-utils'"),
  },
];
