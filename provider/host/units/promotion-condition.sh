# drbd-primary@.service: waits up to a minute until it is known what to do with the resource $0. Where its peer is Primary the
# unit is skipped (1). It goes on (0) where both are Secondary and each disk of this side is UpToDate, and where nothing is to be
# waited for: the resource is Primary here already, or is down or StandAlone, with which promotion.sh fails. Where follow-role.sh
# notes only that somebody has made it Primary (.noting), it is skipped where that has ended meanwhile.
# The unit has it in one line, without these lines.
for second in $(seq 60); do
  now=$(drbdsetup events2 --now "$0");
  case "$now" in
    *" role:Primary suspended:"*) exit 0 ;;
    *) [ ! -e "/run/pulumi-drbd/$0.noting" ] || { echo "$0 is Secondary again, and stays so"; exit 1; } ;;
  esac;
  case "$now" in
    *" connection:Connected role:Primary"*) echo "$0 is Primary on its peer, so it is not made Primary here"; exit 1 ;;
    *" connection:Connected role:Secondary"*" disk:"[!U]*) ;;
    *" connection:Connected role:Secondary"*" disk:UpToDate"*" replication:"[!O]*|*" connection:StandAlone"*|"exists -") exit 0 ;;
  esac;
  sleep 1;
done
