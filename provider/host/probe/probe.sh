# A look at a host, which changes nothing there. One round trip and few processes: each costs milliseconds, on every preview.
# Every section begins with a line `@NONCE name …`; a command's section ends with `@NONCE exit CODE`, and the whole with
# `@NONCE end`, so that output that was cut short is known from output that is whole.
#
# What is asked for stands in variables (`services`: names of units of systemd; `machines`: how many virtual machines; `roles`:
# RESOURCE:ROLE for those that have a wanted role here; `silent`: those whose two sides do not speak; `snapshots`: those that want
# a snapshot before a resync), and in functions that
# core/seen/probe.ts writes: `each_look FUNCTION` calls the function once for each resource, with RESOURCE LISTENERS DIGESTS
# VOLUMES…: LISTENERS is a pattern, for grep -E, of who has its port in /proc/net/tcp, DIGESTS are the names of those that it
# shall use, and each volume is VOLUME MINOR DISK META_DISK FILESYSTEM MOUNT_POINT, of which the last two may be empty.
# `pass_own RESOURCE` sets passed_units and passed_guests to what runs with that resource.
# `each_machine FUNCTION` calls it for each virtual machine, with NAME and the paths that its wanted definition names, and
# `each_candidate FUNCTION` does so for each configuration that is wanted, `each_common FUNCTION` for the global_common.conf that
# is, where there is one, and `each_given_back FUNCTION` for the files that a destroy may give back.

probe() {
  say format 1
  turn; say turn; printf '%s\n' "$last" "$who"; say exit 0
  read_files
  ask_kernel
  note_moving
  say links; list_links; say exit 0
  say needs; list_missing; say exit 0
  say commands; list_commands; say exit 0
  if [ -n "$services" ]; then ask_services; fi
  if [ "$machines" != 0 ]; then ask_machines; fi
  say names; list_names; say exit 0
  drift=''
  if command -v drbdadm >/dev/null; then
    say utils; say exit 0
    if has_definitions; then say adjust; ask_drift; say exit $code; fi
  fi
  if is_close; then look_closely; else say tables; say exit 0; look_at_moving; fi
  each_given_back try_given_back
  say end
}

# say WORDS…: a marker.
say() { printf '\n@%s %s\n' "$nonce" "$*"; }

# run SECTION COMMAND…: a section that is what one command says.
run() { say "$1"; shift; "$@" </dev/null 2>&1; say exit $?; }

# Text that a host has in files. What is read last is on every host: where it is missing, others may be.
# shellcheck disable=SC2086 # patterns of names
read_files() {
  ask_includes
  known=''
  set --
  for file in \
    /proc/sys/kernel/hostname /proc/sys/kernel/osrelease /proc/drbd /proc/1/comm /proc/self/mountinfo /proc/swaps \
    /proc/filesystems /proc/net/fib_trie /proc/net/if_inet6 /etc/os-release /etc/fstab /etc/crypttab \
    /etc/systemd/system/*.mount /etc/systemd/system/*.swap /etc/drbd.conf $other_tops /etc/drbd.d/* /etc/modules-load.d/* \
    /lib/modules-load.d/* /usr/lib/modules-load.d/* /etc/systemd/system/drbd-primary@.* /etc/systemd/system/drbd@.* \
    /etc/systemd/system/drbd-role@.* /etc/systemd/system/drbd-primary-services@.* /etc/systemd/system/*.d/pulumi-drbd*.conf \
    /etc/systemd/system/drbd-vm@.* /etc/systemd/system/drbd-vm-starts@.* /var/lib/pulumi-drbd/*.machine \
    /lib/systemd/system/drbd@.target /usr/lib/systemd/system/drbd@.target /run/systemd/generator/*.mount \
    /sys/module/drbd/version $manager_files /var/lib/drbd/*.lkbd /var/lib/pulumi-drbd/*.new \
    /etc/pulumi-drbd/*.conf /var/lib/pulumi-drbd/*.folders /var/lib/pulumi-drbd/*.boot /var/lib/pulumi-drbd/*.kept \
    /var/lib/pulumi-drbd/*.last-primary /run/pulumi-drbd/*.apart
  do
    # A file that two patterns match is read once.
    case $known in *":$file:"*) ;; *) known="$known:$file:"; set -- "$@" "$file" ;; esac
  done
  while IFS= read -r line; do
    file=${line#* }
    case $line in "file "*|"kept "*) ;; *) continue ;; esac
    case $known in *":$file:"*) ;; *) known="$known:$file:"; set -- "$@" "$file" ;; esac
  done <<EOF
$followed
EOF
  run files grep -saHZ '' "$@" "$last_file"
  set --
  for file in $giving_files; do if [ -f "$file" ]; then set -- "$@" "$file"; fi; done
  # The lines that name a disk, and no others: a definition may hold a password.
  if [ $# -gt 0 ]; then run given grep -saHZ -e '[/]dev/' -e 'volume=' "$@"; fi
}

# What drbdadm comes to from /etc/drbd.conf goes to $followed, where that may be more than the usual: else no process is spent on
# it. drbdadm knows only one word for it.
ask_includes() {
  followed=''
  if [ ! -f /etc/drbd.conf ]; then return; fi
  if has_usual_includes && ! has_more_includes /etc/drbd.d/global_common.conf /etc/drbd.d/*.res; then return; fi
  say includes; followed=$(tell_includes 2>&1); code=$?; printf '%s\n' "$followed"; say exit $code
}

# has_more_includes FILE…: whether one of them has the word. The shell reads them itself: in the lab, to start grep takes ten times
# as long.
has_more_includes() {
  for file; do
    [ -f "$file" ] || continue
    while IFS= read -r line || [ -n "$line" ]; do
      case " $line " in *[!A-Za-z0-9_]include[!A-Za-z0-9_]*) return 0 ;; esac
    done <"$file"
  done
  return 1
}

# What DRBD runs, and since when the host does. It sets events to all that DRBD says, and minors (minors.sh).
ask_kernel() {
  events='' minors=' '
  if [ -e /proc/drbd ]; then
    say events; events=$(drbdsetup events2 --now --statistics </dev/null 2>&1); echo "$events"; say exit 0
  else
    run modinfo modinfo -F version drbd
  fi
  say boottime
  while read -r key value; do case $key in btime) echo "$value"; break ;; esac; done </proc/stat
  say exit 0
  case $events in *" device "*) note_minors ;; esac
}

# note_moving: sets moving to the resources that run here in another role than the wanted one.
note_moving() {
  moving=''
  for wanted in $roles; do
    case $events in
      *"resource name:${wanted%:*} role:${wanted##*:} "*) ;;
      *"resource name:${wanted%:*} role:"*) moving="$moving ${wanted%:*}" ;;
    esac
  done
}

# shellcheck disable=SC2086 # patterns of names
list_links() {
  for link in /etc/systemd/system/*.wants/drbd* /run/systemd/units/invocation:drbd* $manager_links; do
    if [ -L "$link" ]; then printf '%s\n' "$link"; fi
  done
}

list_missing() {
  for tool in $needed_tools; do command -v "$tool" >/dev/null || echo "$tool"; done
  if [ ! -d /run/systemd/system ]; then echo "$no_systemd"; fi
}

# The commands for a person that are installed, whose they are, and the digests of what is in them; and what is kept beside them.
list_commands() {
  set --
  for name in $command_names; do
    for file in "/usr/local/sbin/$name" "/usr/local/sbin/$name.before-pulumi-drbd"; do
      [ -f "$file" ] || continue
      set -- "$@" "$file"
      { read -r line; read -r line; } <"$file"
      case $line in "# $own_mark"*) printf 'ours %s\n' "$file" ;; esac
    done
  done
  [ $# = 0 ] || sha256sum "$@"
}

# What systemd has of the services that are asked for: a paragraph for each, in their order.
# shellcheck disable=SC2086 # several names
ask_services() {
  say services "$services"
  systemctl show --property=LoadState --property=ActiveState --property=Type --property=RemainAfterExit -- $services </dev/null 2>&1
  say exit $?
}

# Files that may define a resource: each argument of the function, which may be none that is there.
has_definitions() { each_definition any_there; }
any_there() { for file; do if [ -e "$file" ]; then return 0; fi; done; return 1; }

# each_definition FUNCTION: with all files of /etc/drbd.d that drbdadm usually reads, and those that includes lead to elsewhere.
each_definition() {
  each_file=$1
  set -- /etc/drbd.d/*.res
  while IFS= read -r line; do
    case $line in
      "file /etc/drbd.conf"|"file /etc/drbd.d/global_common.conf") ;;
      "file /etc/drbd.d/"*/*) set -- "$@" "${line#* }" ;;
      "file /etc/drbd.d/"*.res) ;;
      "file "*) set -- "$@" "${line#* }" ;;
    esac
  done <<EOF
$followed
EOF
  "$each_file" "$@"
}

# ask_drift: what drbdadm would change, in $drift, and how it ended, in $code.
ask_drift() {
  drift=$(drbdadm -d adjust all </dev/null 2>&1); code=$?
  if [ $code != 0 ]; then drift=$(printf '%s\n' "$drift"; each_alone); fi
  printf '%s\n' "$drift"
}

# drbdadm stops at the first file that it cannot read: each is asked about alone, so that all of them are known.
each_alone() { each_definition ask_alone; }
ask_alone() {
  for file; do alone=$(drbdadm -c "$file" sh-nop </dev/null 2>&1) || echo "$alone"; done
}

# is_close: whether to go on to what costs some ten commands more: always, never, or where something asked for is not plainly
# well.
is_close() {
  case $depth in close) return 0 ;; tables) return 1 ;; esac
  [ -n "$events" ] || return 0
  well=yes
  each_look each_volume note_well
  [ -z "$well" ]
}

# each_volume FUNCTION RESOURCE LISTENERS DIGESTS VOLUMES…: calls the function once for each volume, with RESOURCE VOLUME MINOR
# DISK META_DISK FILESYSTEM MOUNT_POINT.
each_volume() {
  call=$1 resource=$2
  shift 4
  while [ $# -gt 0 ]; do
    "$call" "$resource" "$1" "$2" "$3" "$4" "$5" "$6" "$7"
    shift 7
  done
}

note_well() { is_well "$3" "$6" || well=''; }

# is_well MINOR FILESYSTEM: it is connected and UpToDate, and mounted where a filesystem is wanted on a Primary. Its disk is
# DRBD's then, and needs no closer look, which would cost a handful of processes.
is_well() {
  case $minors in *" $1 "*) return 0 ;; *" $1! "*) [ -z "$2" ] ;; *) return 1 ;; esac
}

# look_at_moving: of what is well and about to move, who uses it, and the folder where it shall be mounted; and whether there is
# room for what the steps write.
# shellcheck disable=SC2086 # several words
look_at_moving() {
  if [ -z "$moving" ] || [ "$depth" = tables ]; then return; fi
  run room df --block-size=1024 --output=avail,iavail,itotal $room_places
  lightly=yes
  each_look look_at_one_moving
}

look_at_one_moving() { case " $moving " in *" $1 "*) look_at "$@" ;; esac; }

# shellcheck disable=SC2086 # several words
look_closely() {
  lightly=''
  if command -v drbdadm >/dev/null; then say version; tell_version; say exit $?; fi
  tell_dump
  each_common try_common
  run room df --block-size=1024 --output=avail,iavail,itotal $room_places
  run blocks lsblk -Jbo "$block_columns"
  formats=''
  each_look each_volume note_format
  if [ -n "$formats" ]; then say mkfs; tell_mkfs; say exit 0; fi
  each_look look_at
  each_candidate try_candidate
}

# Where it is known from an earlier look it is not asked for again. The version of the module is of no matter here, and asking
# for it would cost two more processes.
tell_version() {
  if [ -n "$utils" ]; then printf 'DRBDADM_VERSION=%s\n' "$utils"; return; fi
  DRBD_DRIVER_VERSION_OVERRIDE=8.4.11 drbdadm --version </dev/null 2>&1
}

note_format() { [ -z "$6" ] || is_well "$3" "$6" || formats=yes; }

# What would make a filesystem, where one may have to be made.
tell_mkfs() {
  command -v mkfs.xfs >/dev/null || return 0
  mkfs.xfs -V </dev/null 2>&1
  for file in /usr/share/xfsprogs/mkfs/*.conf; do if [ -e "$file" ]; then echo "$file"; fi; done
}
