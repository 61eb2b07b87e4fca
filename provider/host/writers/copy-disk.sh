# A copy of what a disk holds, before it is given up.

# copy_disk DISK PLACE BYTES NOTE LINE: PLACE is a blank block device that is large enough and that nobody uses, or a file that
# is not there yet; or what a run that was stopped has begun, which the note tells. The line goes into the note when all of it is
# on the disk. Read past the cache: DRBD writes to the disk below that, and a page that was read before stays as it was (seen:
# zeros from before mkfs). The copy is for root alone.
copy_disk() (
  umask 077
  begun=''
  grep -qxF "begun $5" "$4" 2>/dev/null && begun=yes
  folder=${2%/*}
  case $2 in
    /dev/*)
      if [ ! -b "$2" ]; then echo "$2 is no block device on this host"; exit 1; fi
      room=$(blockdev --getsize64 "$2") || exit 1
      if [ "$room" -lt "$3" ]; then echo "$2 has $room bytes, and the copy takes $3"; exit 1; fi
      [ -n "$begun" ] || still_blank "$2" any || exit 1
      nobody_holds "$2" || exit 1 ;;
    *)
      if [ -e "$2" ] && [ -z "$begun" ]; then echo "$2 is there already: nothing is written over"; exit 1; fi
      if [ ! -d "${folder:-/}" ]; then echo "there is no folder ${folder:-/}"; exit 1; fi
      room=$(df -Pk "${folder:-/}" | awk 'NR == 2 { print $4 }') || exit 1
      if [ "$room" -lt $(( $3 / 1024 )) ]; then echo "${folder:-/} has $room KiB left, and the copy takes $(( $3 / 1024 )) KiB"; exit 1; fi ;;
  esac
  note_copy "$4" "begun $5" || exit
  case $2 in
    /dev/*) dd if="$1" of="$2" bs=4M count="$3" iflag=direct,count_bytes conv=fsync,nocreat,notrunc status=none </dev/null || exit ;;
    *)
      rm -f "$2.pulumi-drbd" &&
        dd if="$1" of="$2.pulumi-drbd" ibs=4M obs=64K count="$3" iflag=direct,count_bytes conv=fsync,sparse,excl status=none </dev/null &&
        truncate -s "$3" "$2.pulumi-drbd" && mv -f "$2.pulumi-drbd" "$2" && sync "${folder:-/}" || exit ;;
  esac
  note_copy "$4" "$5"
)

# note_copy NOTE LINE
note_copy() {
  { [ -d "${1%/*}" ] || mkdir -p "${1%/*}"; } && printf '%s\n' "$2" >>"$1" && sync "$1"
}
