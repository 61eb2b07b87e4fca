# Whether a disk holds nothing at all.

# claim_on DISK: `claimed`, where somebody holds it for himself alone, as DRBD does with a disk that it has attached, and as a mount
# does; `free`; or what keeps it from being opened.
claim_on() { perl -MFcntl -MErrno=EBUSY -e 'print sysopen(my $disk, $ARGV[0], O_RDONLY | O_EXCL) ? "free" : $! == EBUSY ? "claimed" : "$!"' "$1"; }

# attachment DISK MINOR: a line that is another one once the device was taken down, its size has changed, or the path leads to
# another disk, or to other metadata. Nothing where DRBD does not hold what the path leads to.
attachment() {
  [ "$(claim_on "$1")" = claimed ] || return 1
  size=$(cat "/sys/block/drbd$2/size") && inode=$(stat -c %i "/sys/block/drbd$2") && number=$(stat -Lc %t:%T "$1") || return 1
  printf '%s %s %s %s\n' "$size" "$inode" "$number" "$(blkid -p -o value -s UUID "$1" 2>/dev/null)"
}

# still_as_read DISK MINOR: the last reads_as_zeros was of what DRBD has there now. The note goes with a reboot.
still_as_read() {
  now=$(attachment "$1" "$2") && [ "$now" = "$(cat "/run/pulumi-drbd/zeros.$2" 2>/dev/null)" ] && return
  echo "$1 is not what was read there: it was taken down, or it is another disk or of another size now"; return 1
}

# reads_as_zeros DISK MINOR RESOURCE: whether every byte is zero that DRBD replicates of it as that device. Read past the cache,
# as in copy-disk.sh. It tells how far it is, and ends where nobody listens any more: it may take hours, and whoever comes
# next must not wait for it.
reads_as_zeros() {
  sectors=$(cat "/sys/block/drbd$2/size") || return 1
  bytes=$(( sectors * 512 ))
  rm -f "/run/pulumi-drbd/zeros.$2"
  before=$(attachment "$1" "$2") || { echo "DRBD does not hold the disk that $1 leads to"; return 1; }
  if [ "$bytes" -le 0 ]; then echo "/dev/drbd$2 has no size yet"; return 1; fi
  dd if="$1" bs=4M count="$bytes" iflag=direct,count_bytes status=none </dev/null | perl -e "$zeros_pl" "$1" "$bytes" | {
    found='' at=''
    while read -r now what; do
      found=$now at=$what
      if [ "$found" = at ] && ! heard note "$at"; then found=alone; break; fi
    done
    case $found in
      zero)
        if [ "$(attachment "$1" "$2")" != "$before" ]; then echo "$1 was changed while it was read"; false
        else printf '%s\n' "$before" >"/run/pulumi-drbd/zeros.$2"; fi ;;
      data)
        warn "$1 is not zero at byte $at"
        echo "$1 is not zero at byte $at, so that the first sync cannot be skipped. Nothing was written there. With \`initialSync: full\` the sync source's disk is sent to the other one. If what is on this one may go: \`drbdadm down $3 && blkdiscard -z $1 </dev/null\` on this host, which overwrites all of it with zeros"
        false ;;
      alone) echo "nobody listens any more: $1 was not read to its end"; false ;;
      *) echo "$1 could not be read to its end: of $bytes bytes, ${at:-0} were read"; false ;;
    esac
  }
}
