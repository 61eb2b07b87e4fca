# All names of the devices that are asked for, since fstab and others may use any of them.

# Every name in /dev, but the terminals, which are many, is compared with each. That takes no process.
list_names() {
  [ "$looks" != 0 ] || return 0
  for name in /dev/[!tv]* /dev/v[!c]* /dev/*/* /dev/disk/by-*/* /dev/drbd/by-*/* /dev/drbd/by-*/*/* /dev/zvol/*/* /dev/zvol/*/*/*; do
    if [ -b "$name" ]; then each_look each_volume tell_name; fi
  done
}

tell_name() {
  if [ "$name" -ef "$4" ]; then printf '%s %s disk %s\n' "$1" "$2" "$name"; fi
  if [ "$5" != internal ] && [ "$name" -ef "$5" ]; then
    case $8 in
      flex-external) printf '%s %s metaDisk %s\n' "$1" "$2" "$name" ;;
      *) printf '%s %s metaDisk[%s] %s\n' "$1" "$2" "$8" "$name" ;;
    esac
  fi
  if [ "$name" -ef "/dev/drbd$3" ]; then printf '%s %s device %s\n' "$1" "$2" "$name"; fi
}
