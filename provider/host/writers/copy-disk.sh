# A copy of what a disk holds, before it is given up.

# copy_disk DISK PLACE BYTES NOTE LINE: PLACE is a blank block device that is large enough and that nobody uses, or a file that
# is not there yet. The line goes into the note when all of it is on the disk. Read past the cache: DRBD writes to the disk
# below that, and a page that was read before stays as it was (seen: zeros from before mkfs).
copy_disk() {
  case $2 in
    /dev/*)
      if [ ! -b "$2" ]; then echo "$2 is no block device on this host"; return 1; fi
      room=$(blockdev --getsize64 "$2") || return 1
      if [ "$room" -lt "$3" ]; then echo "$2 has $room bytes, and the copy takes $3"; return 1; fi
      still_blank "$2" any && nobody_holds "$2" || return 1
      dd if="$1" of="$2" bs=4M count="$3" iflag=direct,count_bytes conv=fsync,nocreat,notrunc status=none </dev/null || return ;;
    *)
      folder=${2%/*}
      if [ -e "$2" ]; then echo "$2 is there already: nothing is written over"; return 1; fi
      if [ ! -d "${folder:-/}" ]; then echo "there is no folder ${folder:-/}"; return 1; fi
      room=$(df -Pk "${folder:-/}" | awk 'NR == 2 { print $4 }') || return 1
      if [ "$room" -lt $(( $3 / 1024 )) ]; then echo "$folder has $room KiB left, and the copy takes $(( $3 / 1024 )) KiB"; return 1; fi
      # A run that was stopped has left this behind.
      rm -f "$2.part"
      dd if="$1" of="$2.part" ibs=4M obs=64K count="$3" iflag=direct,count_bytes conv=fsync,sparse,excl status=none </dev/null &&
        truncate -s "$3" "$2.part" && mv -n "$2.part" "$2" && sync "$folder" || return ;;
  esac
  folder=${4%/*}
  { [ -d "$folder" ] || mkdir -p "$folder"; } && printf '%s\n' "$5" >>"$4" && sync "$4"
}
