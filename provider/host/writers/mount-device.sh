# A mount by fstab.

# mount_device DEVICE DIRECTORY UNIT: mounts by the directory's line in fstab. Done, too, where it is mounted there already.
# systemd mounts it where UNIT is what it has read of that line: a boot or drbd-primary-services@ may be about to do the same, and
# a second mount in the same place succeeds (util-linux from 2.39 on, issue 3251), and would leave it mounted twice.
mount_device() {
  # By the device's number, whatever name it was mounted by.
  if [ "$(device_at "$2")" = "147:${1#/dev/drbd}" ]; then return 0; fi
  known=$(systemctl show --property=LoadState --property=NeedDaemonReload "$3" </dev/null 2>/dev/null) || known=
  case $known in
    *LoadState=loaded*NeedDaemonReload=no*|*NeedDaemonReload=no*LoadState=loaded*) start_service "$3" --job-mode=ignore-dependencies; return ;;
  esac
  refused=$(mount "$2" </dev/null 2>&1) && return 0; code=$?
  if [ "$(device_at "$2")" = "147:${1#/dev/drbd}" ]; then return 0; fi
  printf '%s\n' "$refused"; return $code
}
