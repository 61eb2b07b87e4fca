# What must hold of a resource that DRBD runs.

# not_standalone RESOURCE: a side that was disconnected on purpose, or after a split brain, stays so.
not_standalone() {
  now=$(drbdadm cstate "$1" </dev/null 2>/dev/null)
  # Of several volumes each has a line.
  if [ "${now%%"$newline"*}" = StandAlone ]; then echo "$1 is StandAlone now"; return 1; fi
}

# is_attached RESOURCE: it has its disk, and has not parted from its peer.
is_attached() {
  state "$1"
  said connection; all=$value; said disk
  case $all/$value in StandAlone/*|/*|*/|*/Diskless) echo "$1 is $all/$value here, not up with its disk"; return 1 ;; esac
}

is_primary() { state "$1"; said role; [ "$value" = Primary ] || { echo "$1 is ${value:-down} here, not Primary"; return 1; }; }
is_secondary() { state "$1"; said role; [ "$value" = Secondary ] || { echo "$1 is ${value:-down} here, not Secondary"; return 1; }; }

# is_half_up RESOURCE: a `drbdadm up` failed on its way: nobody uses it, and it is not connected.
is_half_up() {
  state "$1"
  said role; all=$value; said connection; all=$all/$value
  case $all in Secondary/|Secondary/StandAlone) return 0 ;; esac
  echo "$1 is $all here, not Secondary/StandAlone"; return 1
}

# peer_is_whole RESOURCE: the gate before it is given up for its peer, which is Secondary and has all of every volume.
peer_is_whole() {
  state "$1"
  case $now in
    *" connection:Connected role:Secondary"*)
      behind=$(printf '%s\n' "$now" | sed -n '/^exists peer-device /{/ peer-disk:UpToDate/!p;}')
      if [ -z "$behind" ]; then return 0; fi ;;
    *) behind=$(printf '%s\n' "$now" | grep '^exists connection ') ;;
  esac
  echo "the peer of $1 has not all of its data, or is not connected as a Secondary: ${behind:-$now}"; return 1
}

# sync_ended RESOURCE: this side was filled, and knows that no sync runs any more.
sync_ended() {
  state "$1"
  said connection; all=$value; said disk; all=$all/$value; said peer-disk; all=$all/$value; said replication; all=$all/$value
  if [ "$all" = Connected/UpToDate/UpToDate/Established ]; then return 0; fi
  echo "$1 is $all here, not Connected/UpToDate/UpToDate/Established"; return 1
}

# both_new RESOURCE: the gate before primary --force, as far as this side can see it.
both_new() {
  wait_connected "$1" 30 || return 1
  said disk; disks=$value; said peer-disk; disks=$disks/$value
  if [ "$disks" != Inconsistent/Inconsistent ]; then echo "$1 is $disks, not Inconsistent/Inconsistent"; return 1; fi
  never_used "$1"
}
