# A mount by fstab.

# mount_device DEVICE DIRECTORY: mounts by the directory's line in fstab. Done, too, where it is mounted there already.
mount_device() {
  refused=$(mount "$2" </dev/null 2>&1) && return 0; code=$?
  # By the device's number, whatever name it was mounted by; what was mounted last is what is seen there.
  there=$(place=$2 awk '{ gsub(/\\040/, " ", $5); gsub(/\\134/, "\\", $5) } $5 == ENVIRON["place"] { found = $3 } END { print found }' /proc/self/mountinfo)
  if [ "$there" = "147:${1#/dev/drbd}" ]; then return 0; fi
  printf '%s\n' "$refused"; return $code
}
