# drbd-handback: gives the role up in order, so that the peer can take it.

help() {
  cat <<END
drbd-handback RESOURCE

Stops the services of the resource on this host, unmounts it and makes it Secondary, in this order. It refuses unless the
peer is connected and has all of the data. Where something fails on the way, this host goes back to serving. At the end it
prints the command that starts the resource on the peer: type it there.

  --help

It ends with 0 when this host is Secondary, 1 when it was refused and nothing was done, 2 when it was called wrongly, 3 when
it failed half-way: then it says what stands.
See also: drbd-where, drbd-takeover.
END
}

main() {
  resource=''
  while [ $# -gt 0 ]; do
    case $1 in
      --help|-h) help; exit 0 ;;
      -*) wrong_call "drbd-handback has no option $1. drbd-handback --help says what it has." ;;
      *) [ -z "$resource" ] || wrong_call "drbd-handback takes one resource at a time"; resource=$1 ;;
    esac
    shift
  done
  needs_root drbd-handback
  needs_drbd
  [ -n "$resource" ] || { all=$(list_resources); wrong_call "Which resource? $here has: ${all:-none at all}" "drbd-handback RESOURCE"; }
  known_resource "$resource"
  look "$resource"
  [ -n "$role" ] || refuse "$resource is down on $here: there is nothing to give up."
  read_values "$resource"
  know_peer
  peer=${peer:-the peer}
  plan_serving "$resource"
  if [ "$role" != Primary ]; then
    [ "$peer_role" != Primary ] || refuse "$resource is Secondary on $here and Primary on $peer: there is nothing to give up here."
    [ "$connection" = Connected ] || refuse "$resource is Secondary on $here, and not connected to $peer ($connection): there is nothing to give up. \`drbd-where $resource\` says what to do."
    refuse "$resource is Secondary on $here: there is nothing to give up. To start it on $peer, type there:" "$(there)"
  fi
  peer_is_ready || refuse "Refused: $peer cannot take $resource: $not_ready." \
    "Nothing was changed. \`drbd-where $resource\` shows how far it is; call this again when $peer is connected and UpToDate."
  foreign_mounts
  begin_change "drbd-handback $resource on $here, since $(date '+%F %T')"
  trap 'back "it was interrupted"; exit 3' INT TERM HUP
  give_up; code=$?
  trap - INT TERM HUP
  end_change
  exit $code
}

# peer_is_ready: whether what look saw last is a peer that has all of the data. Sets not_ready.
peer_is_ready() {
  not_ready=''
  [ "$connection" = Connected ] || { not_ready="it is not connected ($connection)"; return 1; }
  [ "$peer_role" = Secondary ] || { not_ready="it is $peer_role"; return 1; }
  while read -r volume minor disk replication peer_disk _; do
    [ -n "$volume" ] || continue
    [ "$peer_disk/$replication" = UpToDate/Established ] || not_ready="its data of volume $volume is $peer_disk ($replication)"
  done <<END
$volumes
END
  [ -z "$not_ready" ]
}

# foreign_mounts: what is mounted from the resource beside what is known goes to others, a line each, DEVICE PLACE.
foreign_mounts() {
  others=$(minors=" $(minors_of) " awk '
    { split($3, number, ":"); gsub(/\\040/, " ", $5); gsub(/\\134/, "\\", $5) }
    number[1] == 147 && index(ENVIRON["minors"], " " number[2] " ") { print "/dev/drbd" number[2], $5 }' /proc/self/mountinfo)
}

give_up() {
  in_reverse=''
  for service in $services; do in_reverse="$service $in_reverse"; done
  for service in $in_reverse; do
    machine=$(machine_of "$service")
    if [ -n "$machine" ]; then
      seconds=$(systemctl show --value --property=Environment "$service" </dev/null | sed -n 's/.*shutdown_timeout=\([0-9]*\).*/\1/p')
      echo "virtual machine $machine is to shut down; it has ${seconds:-120} s."
      said=$(shut_down "$machine" "${seconds:-120}") || { back "$said"; return 3; }
    fi
    said=$(systemctl stop "$service" </dev/null 2>&1); code=$?
    case $(systemctl is-active "$service" </dev/null) in
      inactive|failed|unknown) echo "$(called "$service") is stopped." ;;
      *) back "$(called "$service") does not stop (exit $code): $said"; return 3 ;;
    esac
  done
  # What was mounted last goes first.
  in_reverse=''
  while IFS= read -r mount; do in_reverse="$mount$newline$in_reverse"; done <<END
$others
END
  while read -r device place; do
    [ -n "$place" ] || continue
    said=$(umount "$place" </dev/null 2>&1) || {
      code=$?
      back "\`umount $place\` (exit $code): $said$newline$(holders "$device" "$place")"
      return 3
    }
    echo "$place is unmounted."
  done <<END
$in_reverse
END
  look "$resource"
  peer_is_ready || { back "$peer cannot take it any more: $not_ready"; return 3; }
  # shellcheck disable=SC2086 # none, one or both
  [ -z "$target$promotion" ] || systemctl stop $target $promotion </dev/null >/dev/null 2>&1
  said=$(drbdadm secondary "$resource" </dev/null 2>&1) || {
    code=$?
    back "\`drbdadm secondary $resource\` (exit $code): $said$newline$(for minor in $(minors_of); do holders "/dev/drbd$minor"; done)"
    return 3
  }
  echo "$resource is Secondary on $here. Now type on $peer:"
  there
}

# there: what starts it on the peer, which is set up as this host is.
there() {
  if [ -n "$target" ]; then echo "  systemctl start $(quoted "$target")"
  elif [ -n "$mount_units$services" ]; then echo "  drbdadm primary $resource && systemctl start $(for unit in $mount_units $services; do quoted "$unit"; done | tr '\n' ' ' | sed 's/ $//')"
  else echo "  drbdadm primary $resource"; fi
}

# back WORDS: serves here again, and says why.
back() {
  printf '%s\n' "$resource was not given up on $here: $1" >&2
  look "$resource"
  if [ "$role" != Primary ]; then
    said=$(drbdadm primary "$resource" </dev/null 2>&1) || {
      printf '%s\n' "It is Secondary here now, and cannot be Primary again: $said" "It runs on neither side. \`drbd-where $resource\` on both hosts shows what stands." >&2
      return
    }
  fi
  [ -z "$promotion" ] || systemctl start "$promotion" </dev/null >/dev/null 2>&1
  if serve; then echo "It is served here on $here as before. Mend that, and call \`drbd-handback $resource\` again." >&2; fi
}
