# drbd-vm@.service, whose instance is $1: shuts the virtual machine $0 down. One that does not end in time goes on running, and so
# does this unit again. Only where the whole host shuts down it is powered off. Where the unit ends by itself, the machine has ended,
# and one that has just been started again is none of its business.
# The unit has it in one line, without these lines.
[ -z "$EXIT_CODE" ] || exit 0;
ask() { timeout 60 virsh --quiet --connect qemu:///system "$@" 2>&1; };
limit=${shutdown_timeout:-120};
late="/run/pulumi-drbd/$0.late";
rm -f "$late";
read -r begun rest </proc/uptime;
begun=${begun%.*};
asked=$((begun - 20));
tries=0;
while :; do
  state=$(ask domstate --domain "$0");
  case "$state" in "shut off"|*"failed to get domain"*) exit 0 ;; crashed) break ;; esac;
  read -r now rest </proc/uptime;
  now=${now%.*};
  if [ $((now - begun)) -ge "$limit" ] || [ "$tries" -ge "$limit" ]; then break; fi;
  tries=$((tries + 1));
  if [ $((now - asked)) -ge 20 ]; then asked=$now; said=$(ask shutdown --domain "$0"); fi;
  sleep 1;
done;
if [ "$(systemctl is-system-running)" = stopping ]; then
  echo "$0 did not shut down in $limit s ($state), and is powered off, since this host shuts down. $said";
  ask destroy --domain "$0";
  exit;
fi;
if [ "$state" = crashed ]; then echo "$0 has crashed, and libvirt keeps what is left of it (on_crash), with its disks open. virsh destroy lets that go"; exit 1; fi;
echo "$0 did not shut down in $limit s ($state), and goes on running. $said";
[ -d "${late%/*}" ] || mkdir -m 700 "${late%/*}";
echo $((now + 1800)) >"$late";
systemd-run --quiet --no-block --collect --on-active=2 systemctl start --job-mode=ignore-dependencies "drbd-vm@$1.service";
exit 1
