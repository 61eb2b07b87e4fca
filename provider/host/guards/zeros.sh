# Whether a disk holds nothing at all.

# reads_as_zeros DISK MINOR RESOURCE: whether every byte is zero that DRBD replicates of it as that device. Read past the cache,
# as in copy-disk.sh. It tells how far it is, and ends where nobody listens any more: it may take hours, and whoever comes
# next must not wait for it.
reads_as_zeros() {
  sectors=$(cat "/sys/block/drbd$2/size") || return 1
  bytes=$(( sectors * 512 ))
  if [ "$bytes" -le 0 ]; then echo "/dev/drbd$2 has no size yet"; return 1; fi
  dd if="$1" bs=4M count="$bytes" iflag=direct,count_bytes status=none </dev/null | perl -e "$zeros_pl" "$1" "$bytes" | {
    found='' at=''
    while read -r now what; do
      found=$now at=$what
      if [ "$found" = at ] && ! heard note "$at"; then found=alone; break; fi
    done
    case $found in
      zero) true ;;
      data)
        warn "$1 is not zero at byte $at"
        echo "$1 is not zero at byte $at, so that the first sync cannot be skipped. Nothing was written there. With \`initialSync: full\` the sync source's disk is sent to the other one. If what is on this one may go: \`drbdadm down $3 && blkdiscard -z $1\` on this host, which overwrites all of it with zeros"
        false ;;
      alone) echo "nobody listens any more: $1 was not read to its end"; false ;;
      *) echo "$1 could not be read to its end: of $bytes bytes, ${at:-0} were read"; false ;;
    esac
  }
}
