# The resources of this host, as the kernel, drbdadm and our own file of values tell of them.

# needs_root COMMAND: only root can ask DRBD.
needs_root() {
  [ "$(id -u)" = 0 ] || refuse "$1 must be run as root: sudo $1"
}

needs_utils() {
  if ! command -v drbdadm >/dev/null || ! command -v drbdsetup >/dev/null; then
    refuse "drbd-utils is not installed on $here: drbdadm and drbdsetup are missing"
  fi
}

# needs_drbd: ends with what is missing.
needs_drbd() {
  needs_utils
  [ -e /proc/drbd ] || refuse "DRBD's kernel module is not loaded on $here, so no resource runs: \`modprobe drbd\`, then \`drbdadm up all\`"
}

# list_resources: their names, a line each: those that run, and those that are only defined.
list_resources() {
  {
    drbdsetup events2 --now </dev/null 2>/dev/null | while read -r _ kind name _; do
      if [ "$kind" = resource ]; then echo "${name#name:}"; fi
    done
    drbdadm sh-resources </dev/null 2>/dev/null | tr ' ' '\n'
    for file in /etc/pulumi-drbd/*.conf; do
      if [ -f "$file" ]; then file=${file##*/}; echo "${file%.conf}"; fi
    done
  } | grep -v '^$' | sort -u
}

# known_resource NAME: ends with usage where there is none of that name.
known_resource() {
  all=$(list_resources)
  if printf '%s\n' "$all" | grep -qxF -e "$1"; then return; fi
  echo "$here has no resource \"$1\"." >&2
  if [ -z "$all" ]; then echo "It has none at all: drbdadm knows of none, and none runs." >&2
  else printf 'It has: %s\n' "$(printf %s "$all" | tr '\n' ' ')" >&2; fi
  exit 2
}

# look RESOURCE: asks the kernel, in one process. It sets
#   role, suspended, protocol-independent words of the resource; role is empty where it is down
#   connection, peer_role, peer_name: of the connection; of several, of the one that is closest to being connected
#   volumes: a line each, VOLUME MINOR DISK REPLICATION PEER_DISK OUT_OF_SYNC
look() {
  events=$(drbdsetup events2 --now --statistics "$1" </dev/null 2>&1)
  role='' suspended='' connection='' peer_role='' peer_name='' volumes='' paths=''
  disks='' peers=''
  set -f
  while IFS= read -r line; do
    # shellcheck disable=SC2086 # into words
    set -- $line
    kind=${2:-}
    volume='' minor='' disk='' replication='' peer_disk='' oos='' state='' other='' its_role=''
    for word; do
      case $word in
        role:*) its_role=${word#*:} ;;
        suspended:*) [ "$kind" != resource ] || suspended=${word#*:} ;;
        connection:*) state=${word#*:} ;;
        conn-name:*) other=${word#*:} ;;
        volume:*) volume=${word#*:} ;;
        minor:*) minor=${word#*:} ;;
        disk:*) disk=${word#*:} ;;
        replication:*) replication=${word#*:} ;;
        peer-disk:*) peer_disk=${word#*:} ;;
        out-of-sync:*) oos=${word#*:} ;;
      esac
    done
    case $kind in
      resource) role=$its_role ;;
      connection)
        if [ "$connection" != Connected ]; then connection=$state peer_role=$its_role peer_name=$other; fi ;;
      device) disks="$disks$volume $minor $disk$newline" ;;
      peer-device) peers="$peers$volume $replication $peer_disk ${oos:-0}$newline" ;;
    esac
  done <<END
$events
END
  set +f
  while read -r volume minor disk; do
    [ -n "$volume" ] || continue
    found="Off DUnknown 0"
    while read -r of rest; do
      # Of several peers, one that is there counts before one that is not.
      case $of$found in "${volume}Off "*) found=$rest ;; esac
    done <<END
$peers
END
    volumes="$volumes$volume $minor $disk $found$newline"
  done <<END
$disks
END
  case $peer_name in peer) peer_name='' ;; esac
}

# missed_end: what to do with a sync source that has nothing left to send. On DRBD 8.4 it may never notice that the sync is over
# (core/steps/kernel-steps.ts, tellSyncEnd).
missed_end() {
  echo "where that stays so for ten seconds, DRBD has missed that the sync is over: type on $peer \`drbdadm pause-sync $resource && drbdadm resume-sync $resource\`"
}

# minors_of: the minors of what look found, in one line.
minors_of() { printf '%s' "$volumes" | { minors=''; while read -r _ minor _; do minors="$minors $minor"; done; echo "${minors# }"; }; }

# read_values RESOURCE: what `pulumi up` wrote for these commands: sets peer, addresses (a line each, HOST [PORT]), mounts (a
# line each, DEVICE MOUNT_POINT) and services. Where there is no such file, what fstab says of the resource's devices.
read_values() {
  peer='' addresses='' mounts='' services='' values=/etc/pulumi-drbd/$1.conf
  if [ -r "$values" ]; then
    while read -r key value rest || [ -n "$key" ]; do
      case $key in
        peer) peer=$value ;;
        peer-address) addresses="$addresses$value $rest$newline" ;;
        mount) mounts="$mounts$value $(unescaped "$rest")$newline" ;;
        service) services="$services $value" ;;
      esac
    done <"$values"
    services=${services# }
    return
  fi
  values=''
  while read -r device place type _ || [ -n "$device" ]; do
    case $device in /dev/*) ;; *) continue ;; esac
    for minor in $(minors_of); do
      if [ "$type" != swap ] && [ "$device" -ef "/dev/drbd$minor" ]; then
        mounts="$mounts/dev/drbd$minor $(unescaped "$place")$newline"
      fi
    done
  done 2>/dev/null </etc/fstab
}

# know_peer: behind look and read_values. Sets peer to its host name, where anything tells it, and told to what drbdadm says of
# the other hosts: a line each, HOST ADDRESS.
know_peer() {
  told=$(drbdadm dump "$resource" </dev/null 2>/dev/null | awk -v "here=$here" '
    { gsub(/[";{]/, "") }
    $1 == "on" { host = $2 }
    $1 == "address" && host != "" && host != here { print host, $NF }')
  # DRBD 8.4 has no name for it.
  [ -n "$peer" ] || peer=$peer_name
  [ -n "$peer" ] || peer=${told%% *}
}

# options_of RESOURCE: as the kernel has them, with the defaults. DRBD 8.4 has those of the connection no more while a resource is
# StandAlone: then as the configuration has them.
options_of() {
  shown=$(drbdsetup show "$1" --show-defaults </dev/null 2>/dev/null || drbdsetup show "$1" </dev/null 2>/dev/null)
  case $shown in *protocol*) ;; *) shown=$(drbdadm dump "$1" </dev/null 2>/dev/null) ;; esac
  printf '%s\n' "$shown"
}

# protocol_in: A, B or C, from what options_of prints.
protocol_in() { sed -n 's/.*protocol[[:blank:]]*\([ABC]\);.*/\1/p' | head -n 1; }

# unit_of PLACE: the mount's unit.
unit_of() { systemd-escape --path --suffix=mount "$1"; }

# with_systemd: whether systemd runs this host.
with_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }

# target_of RESOURCE: the target that stands for its mounts and services, where this host has it.
target_of() {
  with_systemd || return 0
  for file in /etc/systemd/system /lib/systemd/system /usr/lib/systemd/system; do
    if [ -e "$file/drbd-primary-services@.target" ]; then systemd-escape --template=drbd-primary-services@.target "$1"; return; fi
  done
}

# promotion_of RESOURCE: the unit that promotes it, and demotes it when it stops, where this host has it.
promotion_of() {
  with_systemd || return 0
  if [ -e /etc/systemd/system/drbd-primary@.service ]; then systemd-escape --template=drbd-primary@.service "$1"; fi
}

# quoted WORD: as it is typed. The name of a unit may have a backslash, and a mount point anything.
quoted() {
  case $1 in
    *"'"*) printf "'%s'\n" "$(printf '%s\n' "$1" | sed "s/'/'\\\\\\\\''/g")" ;;
    ''|*[!A-Za-z0-9@%_+=:,./-]*) printf "'%s'\n" "$1" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# machine_of SERVICE: the virtual machine that it is; nothing where it is none.
machine_of() {
  case $1 in drbd-vm@*.service) machine=${1#drbd-vm@}; systemd-escape --unescape -- "${machine%.service}" ;; esac
}

# called SERVICE: in words.
called() {
  case $1 in drbd-vm@*.service) printf 'virtual machine %s\n' "$(machine_of "$1")" ;; *) printf '%s\n' "$1" ;; esac
}

# start_here: what starts the resource on this host, as it is typed.
start_here() {
  there=$(target_of "$resource")
  if [ -n "$there" ]; then printf 'systemctl start %s\n' "$(quoted "$there")"; else echo "drbdadm primary $resource"; fi
}
