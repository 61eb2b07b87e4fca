# A closer look at one resource, and at each of its volumes: the folder where it shall be mounted, its disk, its metadata.
# Where `lightly` is set, nothing is asked of what DRBD has attached: it is well, and who uses it is all that a move depends on.

# look_at RESOURCE LISTENERS DIGESTS VOLUMES…
look_at() {
  resource=$1
  say resource "$resource"
  if [ -n "$3" ] && [ -z "$lightly" ]; then tell_missing_digests "$3"; fi
  well=yes runs=''
  each_volume note_well "$@"
  if is_set_up "$@"; then runs=yes; fi
  if [ -z "$well" ]; then
    if [ -n "$runs" ]; then tell_status; else run port grep -scE "^ *[0-9]+: $2 [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6; fi
  fi
  case " $silent " in *" $resource "*) its_minors=''; each_volume note_minor "$@"; run past tell_past ;; esac
  if [ -z "$lightly" ] && wants_snapshots; then say snapshots; list_missing_of_snapshots; say exit 0; fi
  if [ -n "$drift" ]; then run change drbdadm -d adjust "$resource"; fi
  each_volume look_at_volume "$@"
}

# tell_past: when the peer was lost, or else when it was found that the data has parted, as the kernel's log tells.
tell_past() {
  past "$resource" "$its_minors"
  echo "${gone_since:-${parted:+$parted or before}}"
}

note_minor() { its_minors="$its_minors $3"; }

# tell_missing_digests DIGESTS: those that the kernel neither has nor can load. What it loads a module for has the alias crypto-NAME.
# shellcheck disable=SC2086 # several words
tell_missing_digests() {
  say digests
  for digest in $1; do
    grep -qsE "^(name|driver) *: $digest\$" /proc/crypto || modprobe -n -q "crypto-$digest" || echo "$digest"
  done
  say exit 0
}

# is_set_up RESOURCE LISTENERS DIGESTS VOLUMES…: a device of it is there, and its definition.
is_set_up() {
  devices=''
  each_volume note_device "$@"
  [ -n "$devices" ] && is_defined
}

note_device() { [ ! -b "/dev/drbd$3" ] || devices=yes; }

# Somebody may have set it up by hand, in a file of another name.
is_defined() {
  [ ! -f "/etc/drbd.d/$resource.res" ] || return 0
  case $events in *" resource name:$resource "*) has_definitions ;; *) return 1 ;; esac
}

# Of a healthy pair each host's own id is what its peer's kernel calls it.
tell_status() {
  version=''
  if [ -e /sys/module/drbd/version ]; then read -r version </sys/module/drbd/version; fi
  case $version in 9*) run status drbdsetup status --verbose "$resource" ;; esac
}

look_at_volume() {
  volume=$2 minor=$3 disk=$4 meta_disk=$5 filesystem=$6 mount_point=$7 place=$8
  say volume "$resource" "$volume"
  # As drbdadm's commands take it: its file may have volumes that nobody asks for.
  word=$resource/$volume
  if [ -n "$mount_point" ]; then say folder; tell_folder "$mount_point"; say exit 0; fi
  if [ -z "$lightly" ] && wants_snapshots; then run lvm tell_logical_volume "$disk"; fi
  if is_well "$minor" "$filesystem"; then
    real=$disk
    if [ -L "$real" ]; then real=$(readlink -f "$real"); fi
    say disk "$real"; echo attached; say exit 0
    # Remembered in the state: a conversion of the metadata keeps it, and not the device's UUID.
    [ -n "$lightly" ] || run kernelgi drbdadm get-gi "$word"
    look_at_device
  else
    look_at_disks
    if [ -b "/dev/drbd$minor" ] && [ -n "$runs" ]; then
      run kernelgi drbdadm get-gi "$word"
      look_at_device
    fi
  fi
}

look_at_disks() {
  inspect disk "$disk"
  if [ "$place" = internal ]; then
    holder=$disk
  else
    holder=$meta_disk
    inspect metadisk "$meta_disk"
  fi
  case $place$zeros in
    # Where all of a disk's last 1 MiB is zero there is no metadata; drbdmeta is asked again before create-md in any case.
    internalzero*|flex-externalzero*) run gi metadata_moved ;;
    *) if [ -b "$holder" ] && command -v drbdmeta >/dev/null; then run gi metadata; fi ;;
  esac
}

metadata() {
  now=$(gi "$minor" "$holder" "$place")
  if [ "$now" = none ]; then metadata_moved; else echo "$now"; fi
}

# The size that drbdmeta last knew: where the disk has another now, its internal metadata lies where it ended then.
metadata_moved() {
  known='' size=/var/lib/drbd/drbd-minor-$minor.lkbd
  if [ "$place" = internal ] && [ -f "$size" ]; then read -r known rest <"$size"; fi
  case $known in ""|*[!0-9]*) echo none; return ;; esac
  now=$(metadata_at "$holder" "$known")
  if [ "$now" = none ]; then echo none; else echo "moved $known $now"; fi
}

# What stands on the DRBD device can be read on the Primary only; its identity is remembered, so it is always asked for then.
look_at_device() {
  case " $silent " in *" $resource "*) run written last_written "$disk" "/dev/drbd$minor" ;; esac
  case $minors in *" primary:$minor "*) ;; *) return ;; esac
  [ -n "$lightly" ] || inspect device "/dev/drbd$minor"
  case " $moving " in *" $resource "*) run users tell_users "/dev/drbd$minor" ;; esac
}

wants_snapshots() { case " $snapshots " in *" $resource "*) return 0 ;; esac; return 1; }

# What the handlers need and is not there, and what they read that may make something else of them.
list_missing_of_snapshots() {
  for tool in $snapshot_tools; do command -v "$tool" >/dev/null || printf 'missing %s\n' "$tool"; done
  if grep -qs '^[[:blank:]]*[^#[:blank:]]' "$snapshot_settings"; then echo settings; fi
}

# tell_logical_volume DISK: the logical volume that it is, asked for as the handlers do, and what has its snapshot's name.
tell_logical_volume() {
  if [ ! -b "$1" ] || ! command -v lvs >/dev/null; then return 1; fi
  told=$(list_volumes -o vg_name,lv_name,lv_size,lv_attr,vg_free,vg_extent_size "$1") || { printf '%s\n' "$told"; return 1; }
  line=$(printf '%s\n' "$told" | sed -n 's/^ *\([^ |]*|\)/\1/p' | tail -n 1)
  printf 'volume|%s\n' "$line"
  group=${line%%|*} rest=${line#*|}
  told=$(list_volumes -S "lv_name=${rest%%|*}$snapshot_suffix" -o origin,lv_size,lv_attr "$group") || { printf '%s\n' "$told"; return 1; }
  printf '%s\n' "$told" | sed -n 's/^ *\([^ |]*|\)/snapshot|\1/p'
}

# list_volumes ARGUMENTS…: LVM tells of the open files of whoever calls it, which is no matter here.
list_volumes() { LVM_SUPPRESS_FD_WARNINGS=1 lvs --noheadings --nosuffix --units b --separator '|' "$@" </dev/null 2>&1; }

# tell_users DEVICE: who would hinder it from being unmounted and demoted, once its services have stopped.
tell_users() {
  found=''
  pass_own "$resource"
  while read -r _ _ number _ place _; do
    [ "$number" = "147:$minor" ] || continue
    found=yes
    holders "$1" "$(unescaped "$place")"
  done </proc/self/mountinfo
  [ -n "$found" ] || holders "$1"
  return 0
}
