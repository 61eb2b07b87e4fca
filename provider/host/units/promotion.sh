# drbd-primary@.service: makes the resource $0 Primary, where what its condition waited for still holds.
# It promotes nothing where follow-role.sh notes only that somebody has done it (.noting): that follows at once what has changed since.
# The unit has it in one line, without these lines.
[ ! -e "/run/pulumi-drbd/$0.noting" ] || exit 0;
for second in $(seq 10); do
  now=$(drbdsetup events2 --now "$0");
  case "$now" in
    *" role:Primary suspended:"*) exit 0 ;;
    *" connection:Connected role:Secondary"*" disk:"[!U]*) break ;;
    *" connection:Connected role:Secondary"*" disk:UpToDate"*" replication:"[!O]*) drbdadm primary "$0" && exit 0 ;;
    *) break ;;
  esac;
  sleep 1;
done;
echo "$0 is not made Primary here: $now";
exit 1
