# What DRBD comes to by itself in some seconds, and is waited for.

# wait_connected RESOURCE SECONDS: connected, and done with the handshake that tells whose data is newer, before which the
# kernel (8.4.11) says Connected, too.
wait_connected() {
  turns=$(( $2 * 5 ))
  while :; do
    state "$1"
    said replication; met=$value
    said connection
    if [ "$value" = Connected ]; then if [ "$met" != Off ]; then return 0; fi; value="in the handshake"; fi
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ] || [ "$value" = StandAlone ]; then
      echo "$1 is ${value:-unconfigured}, not connected to its peer: is the port open both ways on the replication addresses?"
      return 1
    fi
    sleep 0.2
  done
}

# meet RESOURCE SECONDS: gives the two so long to find each other, and warns where they have not.
meet() { met_not=$(wait_connected "$1" "$2") || warn "$met_not"; }

# wait_up_to_date RESOURCE SECONDS: connected, and this side's disk is whole and the newest. What is being filled from its
# peer is not made Primary: the peer could go in the middle of it.
wait_up_to_date() {
  wait_connected "$1" "$2" || return 1
  turns=$(( $2 * 5 ))
  while :; do
    said disk
    case $value in UpToDate) return 0 ;; Inconsistent) turns=0 ;; esac
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ]; then
      echo "the disk of $1 is ${value:-not attached}: it is made Primary once it is UpToDate"
      return 1
    fi
    sleep 0.2
    state "$1"
  done
}

# wait_both_whole RESOURCE SECONDS: connected, and both disks are whole and the same, as far as this side knows.
wait_both_whole() {
  turns=$(( $2 * 5 ))
  while :; do
    state "$1"
    said connection; all=$value; said disk; all=$all/$value; said peer-disk; all=$all/$value
    if [ "$all" = Connected/UpToDate/UpToDate ]; then return 0; fi
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ]; then echo "$1 is $all here, not Connected/UpToDate/UpToDate"; return 1; fi
    sleep 0.2
  done
}

# wait_settled RESOURCE SECONDS: none of its disks, of whatever volume, is on its way to another state (kernel-states.ts).
wait_settled() {
  turns=$(( $2 * 5 ))
  while :; do
    state "$1"
    case $now in *" disk:Attaching"*|*" disk:Detaching"*|*" disk:Negotiating"*) ;; *) return 0 ;; esac
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ]; then
      echo "a disk of $1 is on its way to another state still, after $2 s: $(printf '%s\n' "$now" | sed -n 's/.* disk:\([A-Z][a-z]*ing\).*/\1/p' | head -n 1)"; return 1
    fi
    sleep 0.2
  done
}

# wait_sync_ended RESOURCE SECONDS: waits until this side knows that no sync runs any more, after its peer has said so.
wait_sync_ended() {
  turns=$(( $2 * 5 ))
  until ended=$(sync_ended "$1"); do
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ]; then
      echo "$ended, $2 s after its peer has said that the sync is over: \`drbdadm disconnect ${1%%/*} && drbdadm connect ${1%%/*}\` on the peer makes the two meet anew"
      return 1
    fi
    sleep 0.2
  done
}
