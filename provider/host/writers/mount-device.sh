# A mount by fstab.

# mount_device DEVICE DIRECTORY UNIT: mounts by the directory's line in fstab. Done, too, where it is mounted there already.
# systemd mounts it where UNIT is what it has read of that line: a boot or drbd-primary-services@ may be about to do the same, and
# a second mount in the same place succeeds (util-linux from 2.39 on, issue 3251), and would leave it mounted twice.
mount_device() {
  if is_mounted "${1#/dev/drbd}" "$2"; then return 0; fi
  known=$(systemctl show --property=LoadState --property=NeedDaemonReload --property=What "$3" </dev/null 2>/dev/null) || known=
  case $newline$known$newline in
    *"${newline}What=$1$newline"*) ;;
    *) known= ;;
  esac
  case $known in
    *LoadState=loaded*NeedDaemonReload=no*|*NeedDaemonReload=no*LoadState=loaded*)
      start_service "$3" --job-mode=ignore-dependencies || return
      if is_mounted "${1#/dev/drbd}" "$2"; then return 0; fi
      echo "$3 is active, and what is seen at $2 is not $1"; return 1 ;;
  esac
  refused=$(mount "$2" </dev/null 2>&1) && return 0; code=$?
  if is_mounted "${1#/dev/drbd}" "$2"; then return 0; fi
  printf '%s\n' "$refused"; return $code
}
