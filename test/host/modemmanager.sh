# ModemManager on a pty: it takes only ports that /sys/class/tty knows, so the pty stands in for ttyS0, in a mount
# namespace of its own, with a system bus of its own. Arguments: the pty, a directory for what is made on the way.
pty=$1
W=$2
mkdir -p $W/bus $W/rules
chmod 755 $W
mount --bind $pty /dev/ttyS0 || exit 1
mkdir -p /run/dbus
mount --bind $W/bus /run/dbus || exit 1
mount --bind $W/rules /lib/udev/rules.d || exit 1
cat >$W/rules/80-mm-pty.rules <<'END'
ACTION!="add|change|move|bind", GOTO="end"
KERNEL=="ttyS0", ENV{ID_MM_CANDIDATE}="1"
KERNEL=="ttyS0", ENV{ID_MM_DEVICE_PROCESS}="1"
LABEL="end"
END
cat >$W/bus.conf <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
END
daemons=
trap 'kill $daemons 2>/dev/null; wait' EXIT
dbus-daemon --config-file=$W/bus.conf --nofork --nopidfile >$W/bus.log 2>&1 &
daemons="$daemons $!"
until [ -S /run/dbus/system_bus_socket ]; do sleep .1; done
/usr/lib/polkit-1/polkitd --no-debug >$W/polkit.log 2>&1 &
daemons="$daemons $!"
ModemManager --test-no-udev --test-no-suspend-resume --debug >$W/mm.log 2>&1 &
daemons="$daemons $!"

# until: tries a command for a while
try() {
  for look in $(seq 100); do
    "$@" && return 0
    sleep .3
  done
  echo "in vain: $*"
  tail -n 40 $W/mm.log
  exit 1
}
said() { LC_ALL=C mmcli "${@:2}" 2>&1 | tee $W/said | grep -q -- "$1"; }

try said 'successfully reported' --report-kernel-event=action=add,subsystem=tty,name=ttyS0,uid=pty
try said 'plugin: quectel' -m any
try said 'successfully enabled' -m any -e
try said 'registration: home' -m any
try said '(received)' -m any --messaging-list-sms
sms=$(sed -n 's/^ *\([^ ]*\) (received).*/\1/p' $W/said)
try said 'hello ModemManager' -s $sms
try said 'successfully deleted' -m any --messaging-delete-sms=$sms
try said 'Successfully created' -m any --messaging-create-sms='text=hello,number=+491701234567'
sms=$(sed -n 's/.*: //p' $W/said)
try said 'successfully sent' -s $sms --send
