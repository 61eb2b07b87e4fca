# A sync that is followed until it is over.

# follow_sync RESOURCE MINORS SECONDS: what the kernel says of it, once a second, each time followed by `--`. MINORS are those
# of all its volumes, with | between them. It ends with 0 when both disks of each are UpToDate, with 1 when the connection is
# lost, with 2 when the time is up, and with 3 when this side has been a sync source with nothing left to send for some
# seconds: DRBD 8.4 then never notices by itself (core/steps/kernel-steps.ts, tellSyncEnd).
follow_sync() {
  left=$3 idle=0
  while :; do
    # Each volume has a line.
    disks=$(drbdadm dstate "$1" </dev/null 2>&1 | sort -u)
    [ "$disks" = UpToDate/UpToDate ] && return 0
    state=$(drbdadm cstate "$1" </dev/null 2>&1 | sort -u)
    case $state in
      StandAlone|Disconnecting|Unconnected|WFConnection|Connecting|*"No such connection"*|*"Unknown resource"*)
        echo "connection $state"; return 1 ;;
    esac
    [ "$left" -gt 0 ] || { echo "$state $disks"; return 2; }
    # With a DRBD 9 module /proc/drbd has no devices.
    now=$(grep -A 4 -E "^ *($2): " /proc/drbd) || now=$(drbdsetup events2 --now --statistics "$1" </dev/null 2>&1)
    printf '%s\n--\n' "$now"
    case $state in *SyncSource*) sends=yes ;; *) sends='' ;; esac
    case "$sends $now" in
      yes*|*" replication:SyncSource "*)
        left_to_send=$(printf '%s\n' "$now" | grep -A 1 -E ' (cs|replication):SyncSource( |$)')
        case $left_to_send in *" oos:"[1-9]*|*" out-of-sync:"[1-9]*) idle=0 ;; *) idle=$((idle + 1)) ;; esac ;;
      *) idle=0 ;;
    esac
    [ $idle -lt 5 ] || { echo "$state $disks"; return 3; }
    left=$((left - 1)); sleep 1
  done
}
