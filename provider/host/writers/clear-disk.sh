# The one writer that destroys what stands on a disk.

# clear_disk DEVICE: zero at every place that contents looks at, with and without internal metadata at the end, and no
# signature left. Opened for this alone: what is mounted, held or attached is not touched. What the disk is known by goes
# last, so that a run that was stopped finds it again.
clear_disk() {
  case $(signature "$1") in *TYPE=drbd*) last="tail" ;; *) last="head" ;; esac
  bytes=$(blockdev --getsize64 "$1") || return 1
  perl -e "$places_pl$clear_disk_pl" "$1" "$last" "$bytes" "$(metadata_bytes "$bytes")" &&
    wipefs -qa "$1" && still_blank "$1" any
}

# zero_disk DEVICE: the same, and zeros from end to end. A mere discard would not do: what reads as zeros after it is the
# disk's own affair. In between first, so that a run that was stopped finds what the disk is known by.
zero_disk() {
  bytes=$(blockdev --getsize64 "$1") || return 1
  # blkdiscard looks by itself from util-linux 2.36 on. What is not known to be free is left alone.
  claim=$(claim_on "$1")
  if [ "$claim" != free ]; then echo "$1 is not free: ${claim:-who holds it cannot be told}"; return 1; fi
  if [ "$bytes" -gt 2097152 ]; then blkdiscard -z -o 1048576 -l $(( bytes - 2097152 )) "$1" </dev/null || return; fi
  clear_disk "$1"
}
