# What must hold of a disk just before something is written to it.

# still_blank DISK BYTES|any: the guard before anything is written to a disk that was found blank. The first and the last
# 1 MiB, where DRBD's metadata stands and whatever blkid knows of, are read whole: so blkid is asked for a name only.
still_blank() {
  if [ ! -b "$1" ]; then echo "$1 is no block device any more"; return 1; fi
  now=$(contents "$1")
  case $now in
    "zero $2") return 0 ;;
    zero*) [ "$2" = any ] && return 0; echo "$1 has ${now#zero } bytes now; it had $2 when this was planned" ;;
    *) what=$(signature "$1"); if [ "$what" = none ]; then what=$now; fi; echo "$1 is not blank any more: $what" ;;
  esac
  return 1
}

# blank_before_metadata DISK: nothing stands in front of its internal metadata.
blank_before_metadata() {
  bytes=$(blockdev --getsize64 "$1") || return 1
  now=$(contents "$1" "$(metadata_bytes "$bytes")")
  case $now in zero*) return 0 ;; esac
  echo "$1 is not blank in front of its metadata: $now"; return 1
}

# still_holds DISK IDENTITY: the guard before what is on a disk goes, or is built around.
still_holds() {
  if [ ! -b "$1" ]; then echo "$1 is no block device any more"; return 1; fi
  now=$(identity "$1")
  if [ "$now" = "$2" ]; then return 0; fi
  echo "$1 holds $now now; it held $2 when this was planned"; return 1
}

# fits_before_metadata DISK BYTES USABLE: the disk has its size still, and its filesystem ends before the metadata begins.
fits_before_metadata() {
  bytes=$(blockdev --getsize64 "$1") || return 1
  if [ "$bytes" != "$2" ]; then echo "$1 has $bytes bytes now; it had $2 when this was planned"; return 1; fi
  taken=$(filesystem_bytes "$1")
  if [ -n "$taken" ] && [ "$taken" -le "$3" ]; then return 0; fi
  echo "the filesystem on $1 takes ${taken:-an unknown number of} bytes, and DRBD's metadata would leave it $3"; return 1
}

# copy_holds DISK PLACE BYTES: a copy that was made before is what the disk holds now. Read past the cache (copy-disk.sh).
copy_holds() {
  if [ -e "$2" ] && dd if="$1" bs=4M count="$3" iflag=direct,count_bytes status=none </dev/null | cmp -s -n "$3" - "$2"; then return 0; fi
  echo "the copy at $2 is not what $1 holds now: name another place for it in \`keep\`"; return 1
}

# nobody_holds DEVICE: no process has it open, by whatever name, it is mounted nowhere, and no other device stands on it.
# Asked more than once: udev and others open a device for a moment.
nobody_holds() {
  for turn in 1 2 3 4; do
    held=$(holders_of "$1")
    if [ -z "$held" ]; then return 0; fi
    sleep 0.5
  done
  echo "$1 is held open by $held"; return 1
}
