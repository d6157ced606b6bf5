# gsm0710muxd divides the port of a modem into channels, and two of them are spoken to. Then it is ended as by a crash:
# its own orderly end takes half a minute, for it closes channels by a message that only the control channel knows.
# gsm0710muxd.sh TTY DIRECTORY: exit code 0 = it can.
tty=$1
directory=$2

cat >$directory/bus.conf <<CONFIGURATION
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$directory/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy>
</busconfig>
CONFIGURATION
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$directory/bus DBUS_SESSION_BUS_ADDRESS=unix:path=$directory/bus
dbus-daemon --config-file=$directory/bus.conf --nofork --nosyslog 2>$directory/bus.log &
children=$!
trap 'kill -KILL $children 2>/dev/null; sleep .5' EXIT
for look in $(seq 50); do [ -S $directory/bus ] && break; sleep .1; done

gsm0710muxd -v -s $tty -m basic -l $directory/mux.log >$directory/mux.out 2>&1 &
children="$! $children"

fail() {
  echo "$1"
  tail -n 40 $directory/mux.log | cut -c1-160
  exit 1
}

mux() {
  timeout 40 dbus-send --system --print-reply --reply-timeout=40000 --dest=org.pyneo.mux /org/pyneo/Muxer "org.pyneo.Powered.$@" 2>&1
}

# a channel: its pty is printed; none before the multiplexer runs, which takes some seconds. Once opened it must stay
# open: who closes it closes the channel.
channel() {
  for look in $(seq 100); do
    mux GetDevice string:test | grep -o '/dev/pts/[0-9]*' && return
    sleep .2
  done
  return 1
}

# ask FD LINE EXPECTED: what is answered up to the final result code has a line that begins so
ask() {
  printf '%s\r' "$2" >&$1
  timeout 10 sed -u '/^OK\r*$/q; /ERROR/q' <&$1 | tr -d '\r' | tee $directory/answer | grep -q "^$3" && return
  cat $directory/answer
  fail "no $3 to $2"
}

for look in $(seq 50); do mux GetPower string:test | grep -q boolean && break; sleep .1; done
mux SetPower string:test boolean:true >/dev/null

first=$(channel) || fail "no channel"
exec 3<>$first && stty raw -echo <&3
ask 3 "ATE0;+CMEE=2" OK
ask 3 "ATI" BG96
ask 3 "AT+CMUX?" "+CMUX: 0,0,5,64,"

second=$(channel) || fail "no second channel"
exec 4<>$second && stty raw -echo <&4
ask 4 "ATE0;+CMEE?" "+CMEE: 1"
ask 3 "AT+CMEE?" "+CMEE: 2"
# more than a frame holds, of which this program takes as many as come at once
ask 4 "AT+QLWM2M=?" OK

# it has switched the radio off
ask 3 "AT+CFUN=1" OK
for look in $(seq 100); do
  printf 'AT+CREG?\r' >&4
  timeout 5 sed -u '/^OK\r*$/q' <&4 | grep -q '+CREG: [0-9],1' && exit 0
  sleep .1
done
fail "no network"
