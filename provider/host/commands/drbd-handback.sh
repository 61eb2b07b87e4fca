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
  resource='' unmounted=''
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
  mounts_to_end
  find_users
  # A service may end what uses it, and unmount what it has mounted.
  if [ -z "$services" ]; then
    [ -z "$in_the_way" ] || refuse "Refused: $(tell_in_the_way)" "Nothing was changed."
    [ -z "$users" ] || refuse "Refused: $resource is in use on $here:" "$users" "Stop that, and call this again. Nothing was changed."
  elif [ -n "$users" ]; then
    printf '%s\n' "$resource is in use on $here beside its services:" "$users" "Where its services do not end that, $here serves it again."
  fi
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
  while read -r volume minor disk replication peer_disk oos; do
    [ -n "$volume" ] || continue
    [ "$peer_disk/$replication" = UpToDate/Established ] || not_ready="its data of volume $volume is $peer_disk ($replication)"
    [ "$replication $oos" != "SyncSource 0" ] || not_ready="$not_ready, with nothing left to send; $(missed_end)"
  done <<END
$volumes
END
  [ -z "$not_ready" ]
}

# mounts_to_end: what is mounted from the resource, in its order, goes to ours, a line each: MINOR ROOT PLACE OPTIONS TYPE OPTIONS,
# as the kernel escapes them. What could not be mounted again, where it goes back, is never unmounted: that goes to in_the_way, a
# line each: PLACE WHY.
mounts_to_end() {
  found=$(minors=" $(minors_of) " known="$newline$mounts" awk '
    function plain(text) { gsub(/\\040/, " ", text); gsub(/\\011/, "\t", text); gsub(/\\134/, "\\", text); return text }
    function is_below(place,  one) { for (one in places) if (index(place "/", one "/") == 1) return 1; return 0 }
    {
      split($3, number, ":")
      for (i = 7; $i != "-"; i++);
      if (number[1] != 147 || !index(ENVIRON["minors"], " " number[2] " ")) {
        if (is_below($5)) why[++bad] = $5 " is a mount of something else (" $(i + 1) ") upon it"
        next
      }
      places[$5] = 1
      if ($4 ~ /\/\/deleted$/) { why[++bad] = $5 " shows a folder that was deleted since"; next }
      minor[++count] = number[2]; root[count] = $4; at[count] = $5
      rest[count] = $6 " " $(i + 1) " " $(i + 3)
      # Mounted from the device itself, and not a part of another mount.
      if ($4 == "/" || index(ENVIRON["known"], "\n/dev/drbd" number[2] " " plain($5) "\n")) firm[count] = 1
    }
    END {
      for (i = 1; i <= count; i++) {
        print "ours", minor[i], root[i], at[i], rest[i]
        from = (i in firm)
        for (j in firm) if (minor[j] == minor[i] && index(root[i] "/", root[j] == "/" ? "/" : root[j] "/") == 1) from = 1
        if (!from) why[++bad] = at[i] " shows a part of /dev/drbd" minor[i] ", which is mounted nowhere as a whole"
      }
      for (i = 1; i <= bad; i++) print "why", why[i]
    }' /proc/self/mountinfo)
  ours=$(printf '%s\n' "$found" | sed -n 's/^ours //p')
  in_the_way=$(printf '%s\n' "$found" | sed -n 's/^why //p')
}

# find_users: who uses what mounts_to_end has found, but for its services; who has a device open of which nothing is mounted. A line
# each goes to users.
find_users() {
  users=''
  command -v perl >/dev/null || return 0
  users=$(
    passed_units=$services passed_guests=$(for service in $services; do machine_of "$service"; done)
    for minor in $(minors_of); do
      found=''
      while read -r its root place rest; do
        [ "$its" = "$minor" ] || continue
        found=yes
        # What is mounted there from the resource itself is unmounted before.
        holders "/dev/drbd$minor" "$(unescaped "$place")" | grep -v '^in use: /dev/drbd[0-9]* is mounted below it, on '
      done <<END
$ours
END
      [ -n "$found" ] || holders "/dev/drbd$minor"
    done | sort -u
  )
}

tell_in_the_way() {
  echo "this could not be mounted again, if $here had to go back:"
  printf '%s\n' "$in_the_way" | while read -r place why; do
    place=$(unescaped "$place")
    printf "  %s %s: \`umount %s\`\n" "$place" "$why" "$(quoted "$place")"
  done
  echo "Unmount that, and call this again."
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
      inactive|failed|unknown) printf '%s is stopped.\n' "$(called "$service")" ;;
      *) back "$(called "$service") does not stop (exit $code): $said"; return 3 ;;
    esac
  done
  mounts_to_end
  [ -z "$in_the_way" ] || { back "$(tell_in_the_way)"; return 3; }
  # What was mounted last goes first.
  in_reverse=''
  while IFS= read -r mount; do in_reverse="$mount$newline$in_reverse"; done <<END
$ours
END
  while read -r minor root place rest; do
    [ -n "$place" ] || continue
    at=$(unescaped "$place")
    said=$(umount "$at" </dev/null 2>&1) || {
      code=$?
      back "\`umount $(quoted "$at")\` (exit $code): $said$newline$(holders "/dev/drbd$minor" "$at")"
      return 3
    }
    unmounted="$minor $root $place $rest$newline$unmounted"
    printf '%s is unmounted.\n' "$at"
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
  if [ -n "$target" ]; then printf '  systemctl start %s\n' "$(quoted "$target")"
  elif [ -n "$mount_units$services" ]; then printf '  drbdadm primary %s && systemctl start %s\n' "$resource" "$(for unit in $mount_units $services; do quoted "$unit"; done | tr '\n' ' ' | sed 's/ $//')"
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
  mount_again
  serve; code=$?
  if [ -n "$not_again" ]; then
    printf '%s' "Failed half-way: not mounted again:$newline$not_again" >&2
  elif [ $code = 0 ]; then
    echo "It is served here on $here as before. Mend that, and call \`drbd-handback $resource\` again." >&2
  fi
}

# mount_again: what give_up has unmounted, in the order in which it was mounted, and with its options. Services come afterwards: they
# may use it. What was not to be goes to not_again, a line each.
mount_again() {
  not_again=''
  while read -r minor root place options type super; do
    [ -n "$place" ] || continue
    at=$(unescaped "$place")
    ! is_mounted "$minor" "$at" || continue
    case $newline$mounts in
      # Where this fails, serve tries it, too, and tells.
      *"$newline/dev/drbd$minor $at$newline"*) mount "$at" </dev/null >/dev/null 2>&1; continue ;;
    esac
    if [ "$root" = / ]; then said=$(mount -t "$type" -o "$options,${super#rw,}" "/dev/drbd$minor" "$at" </dev/null 2>&1)
    else
      from=$(number=147:$minor root=$root awk '
        $3 == ENVIRON["number"] {
          own = $4 == "/" ? "" : $4
          if (index(ENVIRON["root"] "/", own "/") == 1) { print $5 substr(ENVIRON["root"], length(own) + 1); exit }
        }' /proc/self/mountinfo)
      said=$({ mount --bind "$(unescaped "${from:-what it was a part of}")" "$at" && mount -o "remount,bind,$options" "$at"; } </dev/null 2>&1)
    fi
    code=$?
    if [ $code = 0 ]; then printf '%s is mounted again.\n' "$at"
    else not_again="$not_again  /dev/drbd$minor on $at, with $options (exit $code): $said$newline"; fi
  done <<END
$unmounted
END
}
