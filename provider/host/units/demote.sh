# drbd-primary@.service: demotes the resource $0, whose units have the instance name $1. What of it a person has mounted at some
# other place than fstab has it is unmounted here: systemd does not know that it belongs to the resource, and unmounts it only
# after this. What uses it is stopped beside that, so it is tried again; for a minute while the host shuts down, and else for ten seconds.
# The unit has it in one line, without these lines.
[ ! -e "/run/pulumi-drbd/$0.forget" ] || exit 0;
tries=10;
[ "$(systemctl is-system-running)" != stopping ] || tries=60;
for second in $(seq "$tries"); do
  now=$(drbdsetup events2 --now "$0");
  case "$now" in *" role:Primary suspended:"*) ;; *) exit 0 ;; esac;
  said=;
  for word in $now; do
    case "$word" in minor:*) ;; *) continue ;; esac;
    grep -q " 147:${word#minor:} " /proc/self/mountinfo || continue;
    refused=$(umount -A "/dev/drbd${word#minor:}" 2>&1) || said="$said $refused";
  done;
  if [ -z "$said" ]; then said=$(drbdadm secondary "$0" 2>&1) && exit 0; fi;
  sleep 1;
done;
printf "%s stays Primary: %s\n" "$0" "${said# }";
systemctl try-restart --no-block "drbd-role@$1.service";
exit 1
