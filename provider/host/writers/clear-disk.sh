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
