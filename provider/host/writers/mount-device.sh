# A mount by fstab.

# mount_device DEVICE DIRECTORY UNIT: mounts by the directory's line in fstab. Done, too, where it is mounted there already.
# systemd mounts it where UNIT is what it has read of that line: a boot or drbd-primary-services@ may be about to do the same, and
# a second mount in the same place succeeds (util-linux from 2.39 on, issue 3251), and would leave it mounted twice.
mount_device() {
  if is_mounted "${1#/dev/drbd}" "$2"; then return 0; fi
  if is_read_from_fstab "$1" "$3" || is_loaded "$1" "$3"; then
    start_service "$3" --job-mode=ignore-dependencies || return
    if is_mounted "${1#/dev/drbd}" "$2"; then return 0; fi
    echo "$3 is active, and what is seen at $2 is not $1"; return 1
  fi
  refused=$(mount "$2" </dev/null 2>&1) && return 0; code=$?
  if is_mounted "${1#/dev/drbd}" "$2"; then return 0; fi
  printf '%s\n' "$refused"; return $code
}

# is_read_from_fstab DEVICE UNIT: whether the files in /run already show that systemd has made UNIT of fstab as that is now. To read
# them takes no process.
is_read_from_fstab() {
  made=/run/systemd/generator/$2
  if [ ! -f "$made" ] || [ -e "/etc/systemd/system/$2" ] || [ -e "/run/systemd/system/$2" ] || [ /etc/fstab -nt "$made" ]; then
    return 1
  fi
  while IFS= read -r line; do [ "$line" != "What=$1" ] || return 0; done <"$made"
  return 1
}

# is_loaded DEVICE UNIT: whether systemd says so. The unit may be somebody's own.
is_loaded() {
  known=$(systemctl show --property=LoadState --property=NeedDaemonReload --property=What "$2" </dev/null 2>/dev/null) || return
  case $newline$known$newline in *"${newline}What=$1$newline"*) ;; *) return 1 ;; esac
  case $known in *LoadState=loaded*NeedDaemonReload=no*|*NeedDaemonReload=no*LoadState=loaded*) ;; *) return 1 ;; esac
}
