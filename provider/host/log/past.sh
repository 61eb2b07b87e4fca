# What the kernel's log still tells of a resource.

# past RESOURCE MINORS: sets gone_since, gone_role and gone_disk to when the peer was lost and what it was, verified, verify_took
# and verify_found to when a verify ended last, its seconds and KiB that differ, verifying to since when one runs, parted to when
# a split brain was found, and met to when the two met last without being connected. Empty where the log does not tell.
past() {
  gone_since='' gone_role='' gone_disk='' verified='' verify_took='' verify_found='' verifying='' parted='' met=''
  # shellcheck disable=SC2086 # several words
  while read -r what day hour more other; do
    case $what in
      gone) gone_since="$day $hour" gone_role=${more#-} gone_disk=${other#-} ;;
      verified) verified="$day $hour" verify_took=${more#-} ;;
      found) verify_found=$day ;;
      verifying) verifying="$day $hour" ;;
      parted) parted="$day $hour" ;;
      met) met="$day $hour" ;;
    esac
  done <<END
$(kernel_log | awk -v "name=$1" -v "minors= $2 " "$past_awk")
END
}

# kernel_log: each line begins with its time. A journal that is kept tells of earlier boots, too; but it costs time, and only
# what is of DRBD is of use.
kernel_log() {
  if command -v journalctl >/dev/null && [ -d /run/systemd/system ]; then
    # What was cut off has lost its newest part, which counts: it is of no use.
    { timeout -k 1 20 journalctl -q --no-pager -o short-iso _TRANSPORT=kernel 2>/dev/null </dev/null || echo "cut off"; } |
      grep -a -e drbd -e '^cut off$'
  else
    dmesg --time-format iso 2>/dev/null </dev/null | grep -a drbd
  fi
}
