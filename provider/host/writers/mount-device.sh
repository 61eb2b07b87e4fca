# A mount by fstab.

# mount_device DEVICE DIRECTORY: mounts by the directory's line in fstab. Done, too, where it is mounted there already.
mount_device() {
  refused=$(mount "$2" </dev/null 2>&1) && return 0; code=$?
  # By the device's number, whatever name it was mounted by.
  if [ "$(device_at "$2")" = "147:${1#/dev/drbd}" ]; then return 0; fi
  printf '%s\n' "$refused"; return $code
}
