# What must hold of DRBD's metadata on a disk, and of the generation in it.

# no_metadata MINOR DEVICE PLACE
no_metadata() {
  now=$(gi "$1" "$2" "$3")
  if [ "$now" = none ]; then return 0; fi
  echo "$2 holds DRBD metadata now: $now"; return 1
}

# before_growth DISK BYTES UUID|any: the resource's metadata lies where the disk ended before it grew.
before_growth() {
  now=$(metadata_at "$1" "$2")
  case $now in "v0"[89]" $3 "*) return 0 ;; v0[89]*) [ "$3" = any ] && return 0 ;; esac
  echo "where $1 ended when it had $2 bytes lies no metadata of device $3: $now. Nothing was made there, since the disk may hold the only copy of the newest data. If it grew, find out how many bytes it had when DRBD last ran on it, write that number, a tab and $1 into the .lkbd file of its minor in /var/lib/drbd, and run drbdadm check-resize. If it is another disk, name it by another path (one of /dev/disk/by-id): it is then judged by what stands on it"; return 1
}

# metadata_of_84 MINOR DEVICE PLACE GI: the guard before drbdmeta converts it. Of any other metadata, or of none, drbdmeta would
# make new metadata of its own, with --force unasked.
metadata_of_84() {
  now=$(gi "$1" "$2" "$3")
  if [ "$now" = "v08 $4" ]; then return 0; fi
  echo "the metadata on $2 is not what it was when this was planned, v08 $4: $now"; return 1
}

# metadata_of_9 MINOR DEVICE PLACE CURRENT: what it was converted to has the generation that it had.
metadata_of_9() {
  now=$(gi "$1" "$2" "$3")
  case $now in v09*" $4:"*) return 0 ;; esac
  echo "the metadata on $2 was converted, and its generation is not $4: $now"; return 1
}

# up_to_date MINOR DEVICE PLACE RESOURCE: this side's data is whole and was the newest when last it knew.
up_to_date() {
  if [ -e "/dev/drbd$1" ] && now=$(drbdadm dstate "$4" </dev/null 2>/dev/null); then
    # DRBD 9 names no peer where it has no connection. Of what is down its drbdadm tells what the metadata says, as gi does.
    case $now in
      UpToDate|UpToDate/*) return 0 ;;
      Diskless|Diskless/*|Unconfigured|Consistent|Outdated|Inconsistent) ;;
      *) echo "$4 is $now here, not UpToDate"; return 1 ;;
    esac
  fi
  now=$(gi "$1" "$2" "$3") disk=$2
  # shellcheck disable=SC2086 # into words
  set -- $now
  case ${1:-} in v08) found=$2 ;; v09) found=$6 ;; *) found= ;; esac
  # The flags behind the four identifiers, which are of the disk and the same in every slot.
  case ${found#*:*:*:*:} in 1:1|1:1:*) return 0 ;; esac
  echo "the data on $disk is not known to be the newest: $now"; return 1
}

# still_differs RESOURCE[/VOLUME] GENERATION KIB|any: the gate before a side is given up in a split brain: its volume is in the
# generation that was decided on, and differs from its peer's in as many KiB. The last bit of a generation is the role.
still_differs() {
  now=$(drbdadm get-gi "$1" </dev/null 2>&1)
  current=${now%%:*}
  even=${current%?}$(printf '%s' "${current#"${current%?}"}" | tr 13579BDF 02468ACE)
  if [ "$even" != "$2" ]; then echo "$1 is in generation $even now, not in $2: $now"; return 1; fi
  if [ "$3" = any ]; then return 0; fi
  case $1 in */*) volume=${1#*/} ;; *) volume= ;; esac
  kib=$(drbdsetup events2 --now --statistics "${1%%/*}" </dev/null 2>&1 | awk -v volume="$volume" '
    /^exists peer-device / {
      own = ""; out = ""
      for (i = 1; i <= NF; i++) { if ($i ~ /^volume:/) own = substr($i, 8); if ($i ~ /^out-of-sync:/) out = substr($i, 13) }
      if (volume == "" || own == volume) print out
    }')
  if [ "$kib" = "$3" ]; then return 0; fi
  echo "$1 differs from its peer in ${kib:-an unknown number of} KiB now; it was $3 when this was planned"; return 1
}

# never_used RESOURCE: its own generation identifiers say that it was just created.
never_used() {
  now=$(drbdadm get-gi "$1" </dev/null 2>&1)
  case $now in 0000000000000004:0000000000000000:0000000000000000:0000000000000000:*) return 0 ;; esac
  echo "the generation identifiers of $1 are not those of a new device: $now"; return 1
}
