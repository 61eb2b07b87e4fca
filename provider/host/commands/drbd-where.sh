# drbd-where: all DRBD resources of this host on one screen. It changes nothing.

help() {
  cat <<END
drbd-where [RESOURCE]

Shows the resources of this host, or one: role, connection, the disks of both sides, a sync that runs, whether I/O flows and
what was counted, mounts, services, the last verify, and what to do where a person has to decide. It changes nothing.

  --help

It ends with 0, 1 when DRBD could not be asked, 2 when it was called wrongly.
See also: drbd-takeover, drbd-handback.
END
}

main() {
  one=''
  while [ $# -gt 0 ]; do
    case $1 in
      --help|-h) help; exit 0 ;;
      -*) wrong_call "drbd-where has no option $1. drbd-where --help says what it has." ;;
      *) [ -z "$one" ] || wrong_call "drbd-where takes one resource, or none for all of them"; one=$1 ;;
    esac
    shift
  done
  needs_root drbd-where
  # A resource that waits at boot for what it needs may be the first that loads the module.
  needs_utils
  if [ -n "$one" ]; then known_resource "$one"; all=$one; else all=$(list_resources); fi
  if [ -z "$all" ]; then
    echo "$here has no DRBD resource: drbdadm knows of none, and none runs."
    exit 0
  fi
  proc=''
  [ ! -e /proc/drbd ] || proc=$(cat /proc/drbd)
  while IFS= read -r resource; do show "$resource"; done <<END
$all
END
}

# row NAME TEXT: the second and later rows of a name have none.
row() { printf '  %-11s %s\n' "$1" "$2"; }

show() {
  resource=$1
  look "$resource"
  if [ -z "$role" ]; then
    echo "$resource on $here: down"
    show_waiting
    return
  fi
  read_values "$resource"
  know_peer
  peer=${peer:-the peer}
  past "$resource" "$(minors_of)"
  protocol=$(options_of "$resource" | protocol_in)
  case $connection in
    Connected) echo "$resource on $here: $role; connected to $peer, which is $peer_role${protocol:+ (protocol $protocol)}" ;;
    *) echo "$resource on $here: $role; not connected to $peer: $connection${protocol:+ (protocol $protocol)}" ;;
  esac
  while read -r volume minor disk replication peer_disk oos; do
    [ -n "$volume" ] || continue
    show_volume
  done <<END
$volumes
END
  show_suspension
  show_mounts
  show_services
  show_verify
  show_past
  show_advice
}

# show_waiting: of a resource that is down, what it waits for, or why it is not up, as far as this host's units tell.
show_waiting() {
  bring_up='' later=''
  if with_systemd; then
    bring_up=$(systemd-escape --template=drbd@.service "$resource") later=$(systemd-escape --template=drbd-late@.service "$resource")
    journal="journalctl --boot --unit=$(quoted "$bring_up") --unit=$(quoted "$later")"
  fi
  if [ -n "$bring_up" ] && { read -r began missing <"$run_folder/$resource.waits"; } 2>/dev/null; then
    for unit in "$bring_up" "$later"; do
      case $(systemctl is-active "$unit" </dev/null) in activating|active) ;; *) continue ;; esac
      read -r up _ </proc/uptime
      seconds=$((${up%%.*} - ${began%%.*}))
      row "waits for" "$missing: not there since $(date -d "$seconds seconds ago" '+%F %T' 2>/dev/null || echo "$seconds s") ($seconds s)"
      row "to do" "bring that back, and $unit brings $resource up by itself: \`$journal\`"
      return
    done
  fi
  if [ -n "$bring_up" ] && systemctl is-failed --quiet "$bring_up" </dev/null; then row "why" "$bring_up has failed: \`$journal\`"; fi
  if [ -e /proc/drbd ]; then row "to do" "\`drbdadm up $resource\` brings it up"
  else row "to do" "DRBD's kernel module is not loaded: \`modprobe drbd && drbdadm up $resource\`"; fi
}

show_volume() {
  device=$(printf '%s\n' "$events" | grep "^exists device .* volume:$volume ")
  peer_device=$(printf '%s\n' "$events" | grep "^exists peer-device .* volume:$volume " | head -n 1)
  value size "$device"
  in_words "${found:-0}"
  row "volume $volume" "/dev/drbd$minor, $words: $disk here, $peer_disk on $peer"
  lines=$(printf '%s\n' "$proc" | awk -v "minor=$minor" '
    /^ *[0-9]+: / { at = $1; sub(":", "", at) }
    /^[^ \t]/ && !/^ *[0-9]+: / { at = "" }
    at == minor { sub(/^[ \t]+/, ""); print }')
  show_sync
  show_snapshot
  if [ -n "$lines" ]; then show_flags; show_counters; else show_statistics; fi
}

# value KEY LINE: sets found to what stands behind KEY: in a line of words.
value() {
  found=''
  case " $2 " in *" $1:"*) found="${2#*" $1:"}"; found=${found%% *} ;; esac
}

show_sync() {
  case $replication in
    SyncSource|PausedSyncS) what="$peer is being filled from here" ;;
    SyncTarget|PausedSyncT) what="$here is being filled from $peer" ;;
    VerifyS|VerifyT) what="a verify compares the two sides" ;;
    Ahead)
      in_words "$oos"
      row sync "Ahead: $peer is behind by $words, as the link is too slow for what is written here; it is filled when that ends"
      row "" "Until then what is written is on $here alone (on-congestion pull-ahead)."
      return ;;
    Behind)
      row sync "Behind: $here lacks what $peer writes, as the link is too slow for it; it is filled when that ends"
      row "" "Until then $here cannot take over (on-congestion pull-ahead)."
      return ;;
    Established|Off) [ "$oos" = 0 ] || { in_words "$oos"; row "differs" "$words, as far as DRBD knows"; }; return ;;
    *) row sync "$replication"; return ;;
  esac
  case $replication in Paused*) what="$what, and pauses" ;; esac
  percent='' left='' speed=''
  # 8.4 in /proc/drbd: `[=>...] sync'ed:  4.0% (507260/524236)K`, and `finish: 0:02:56 speed: 2,828 (2,828) K/sec`.
  case $lines in
    *"ed:"*"%"*) percent=${lines#*ed:}; percent=${percent%%%*}; percent=${percent##* } ;;
    *) value 'done' "$peer_device"; percent=$found ;;
  esac
  case $lines in
    *"finish: "*)
      left=${lines#*finish: }; left=${left%% *}
      speed=${lines#*speed: }; speed=${speed%% *}; speed=$(printf %s "$speed" | tr -d ,) ;;
    *)
      value eta "$peer_device"
      [ -z "$found" ] || left=$((found / 3600)):$(printf %02d:%02d $((found / 60 % 60)) $((found % 60)))
      value dbdt1 "$peer_device"
      [ -z "$found" ] || speed=$(awk -v "mib=$found" 'BEGIN { printf "%d", mib * 1024 }') ;;
  esac
  in_words "$oos"
  text="$what: ${percent:+$percent % done, }$words to go"
  [ -z "$left" ] || text="$text, $left left"
  case $speed in ''|*[!0-9]*) ;; *) in_words "$speed"; text="$text at $words/s" ;; esac
  row sync "$text"
  [ "$replication $oos" != "SyncSource 0" ] || row "to do" "$(missed_end)"
}

# show_snapshot: what a resync of this volume has left to fall back to.
show_snapshot() {
  find_snapshot "$volume"
  [ -n "$snapshot" ] || return 0
  case $filled in
    spoilt)
      row snapshot "$snapshot was made before a resync ($made), has become full since, and holds nothing any more:"
      row "" "\`lvremove $(quoted "$snapshot")\`, or the next resync makes no other"
      return ;;
    merging) row snapshot "$snapshot is being merged: the disk becomes what it was on $made"; return ;;
  esac
  case $replication/$disk/$filled in
    Established/UpToDate/*)
      row snapshot "$snapshot is left of a resync that began on $made and is over, and takes room:"
      row "" "\`lvremove $(quoted "$snapshot")\`, or the next resync makes no other" ;;
    */half)
      row snapshot "$snapshot was made before a resync ($made) of a disk that was not whole itself, as in a first sync:"
      row "" "there is nothing in it to fall back to. It goes when the resync is over" ;;
    *)
      row snapshot "$snapshot holds volume $volume as $here had it on $made, before a resync began ($filled % full)"
      case $replication/$disk in
        SyncTarget/*|PausedSyncT/*) row "" "It goes when the resync is over. A resync that began later than that has made no other." ;;
        Off/Inconsistent) fall_back ;;
        Off/*|*/Outdated) row "" "Look into it before you remove it: where a resync was cut off, and this disk was made UpToDate by force, it is the last whole copy." ;;
      esac ;;
  esac
}

# fall_back: how the snapshot's data is had. The metadata in it is as old as the snapshot, and must not meet the peer again: what went
# across in the resync would count as done, and would be missing.
fall_back() {
  row "" "If $peer comes back, there is nothing to do: the resync goes on, and the snapshot goes when that is over."
  row "" "If $peer is lost for good, mount the snapshot, copy what you need to another disk, and unmount it:"
  row "" "\`mount -t xfs -o ro,nouuid,norecovery /dev/$snapshot /mnt\` (\`-t ext4 -o ro,noload\`). What only the journal has is not seen."
  row "" "Where it was made before a first sync, it holds nothing."
  row "" "Do not merge it into the disk: if $peer came back after all, DRBD would take the two for equal where they differ."
}

# The flags of /proc/drbd, such as r-----: what stands in the way of I/O, each in its place.
show_flags() {
  flags=${lines%%"$newline"*}; flags=${flags##* }
  said=''
  case $flags in r*) said="runs" ;; s*) said="is suspended" ;; *) return ;; esac
  case $flags in ?a*) said="$said; the sync waits for another resource's (resync-after)" ;; esac
  case $flags in ??p*) said="$said; $peer paused the sync" ;; esac
  case $flags in ???u*) said="$said; somebody paused the sync here (pause-sync)" ;; esac
  case $flags in
    ????d*) said="$said; held up within DRBD, such as while a disk's state changes" ;;
    ????b*) said="$said; waits for the disk below" ;;
    ????n*) said="$said; waits for the network" ;;
    ????a*) said="$said; waits for the disk below and for the network" ;;
  esac
  case $flags in ?????s*) said="$said; the activity log takes no more writes for now" ;; esac
  row I/O "$said ($flags)"
}

show_counters() {
  counted=''
  for word in $lines; do
    case $word in ns:*|nr:*|dw:*|dr:*|al:*|bm:*|lo:*|pe:*|ua:*|ap:*|ep:*|wo:*|oos:*) counted="$counted $word" ;; esac
  done
  value ns "$counted"; sent=$found
  value nr "$counted"; received=$found
  value dw "$counted"; written=$found
  value dr "$counted"; was_read=$found
  value al "$counted"; log_writes=$found
  value bm "$counted"; bitmap_writes=$found
  row counted "$(amounts); $log_writes writes of the activity log, $bitmap_writes of the bitmap"
  value lo "$counted"; local=$found
  value pe "$counted"; pending=$found
  value ua "$counted"; unanswered=$found
  value ap "$counted"; asked=$found
  value ep "$counted"; epochs=$found
  value wo "$counted"
  case $found in b) order=barriers ;; f) order=flushes ;; d) order="drains" ;; n) order="nothing (no flushes)" ;; *) order=$found ;; esac
  value oos "$counted"; in_words "${found:-0}"
  row waiting "$asked requests of programs, $local at the disk, $pending sent to $peer without an answer, $unanswered of $peer's to answer"
  row "" "write order kept by $order, $epochs epochs open; $words out of sync"
}

# amounts: what was sent, received, written and read since the resource is up.
amounts() {
  in_words "${sent:-0}"; text="$words sent to $peer"
  in_words "${received:-0}"; text="$text, $words received"
  in_words "${written:-0}"; text="$text, $words written here"
  in_words "${was_read:-0}"; echo "$text, $words read"
}

# DRBD 9 has these in its statistics alone.
show_statistics() {
  value blocked "$device"; blocked=${found:-no}
  said=runs
  [ "$blocked" = no ] || said="held up: $blocked"
  value resync-suspended "$peer_device"; [ "${found:-no}" = no ] || said="$said; the sync is paused: $found"
  value al-suspended "$device"; [ "${found:-no}" = no ] || said="$said; the activity log takes no more writes for now"
  case $events in *" congested:yes"*) said="$said; waits for the network" ;; esac
  value quorum "$device"; [ "${found:-yes}" = yes ] || said="$said; no quorum"
  row I/O "$said"
  value sent "$peer_device"; sent=$found
  value received "$peer_device"; received=$found
  value written "$device"; written=$found
  value read "$device"; was_read=$found
  value al-writes "$device"; log_writes=$found
  value bm-writes "$device"; bitmap_writes=$found
  row counted "$(amounts); ${log_writes:-0} writes of the activity log, ${bitmap_writes:-0} of the bitmap"
  value upper-pending "$device"; asked=$found
  value lower-pending "$device"; local=$found
  value pending "$peer_device"; pending=$found
  value unacked "$peer_device"; unanswered=$found
  in_words "$oos"
  row waiting "${asked:-0} requests of programs, ${local:-0} at the disk, ${pending:-0} sent to $peer without an answer, ${unanswered:-0} of $peer's to answer"
  value write-ordering "$events"
  row "" "write order kept by ${found%%"$newline"*}; $words out of sync"
}

show_suspension() {
  case $suspended in ''|no) ;; *) row suspended "all I/O of $resource stands still: $suspended. \`drbdadm resume-io $resource\` lets it go on, once its cause is known" ;; esac
}

# What should be served where the resource is Primary, and is not, goes to missing.
show_mounts() {
  name=mounts missing=''
  while read -r device place; do
    [ -n "$place" ] || continue
    if is_mounted "${device#/dev/drbd}" "$place"; then row "$name" "$device on $place: mounted"
    else row "$name" "$device on $place: not mounted"; missing=yes; fi
    name=''
  done <<END
$mounts
END
  # And what somebody mounted elsewhere.
  while read -r device place; do
    [ -n "$place" ] || continue
    case $newline$mounts in *"$newline$device $place$newline"*) continue ;; esac
    row "$name" "$device on $place: mounted, by hand"
    name=''
  done <<END
$(minors=" $(minors_of) " awk '
    { split($3, number, ":"); gsub(/\\040/, " ", $5); gsub(/\\134/, "\\", $5) }
    number[1] == 147 && index(ENVIRON["minors"], " " number[2] " ") { print "/dev/drbd" number[2], $5 }' /proc/self/mountinfo)
END
  [ -z "$name" ] || row "$name" "none is known"
}

show_services() {
  if [ -z "$services" ]; then row services "none is known"; return; fi
  name=services
  for service in $services; do
    if with_systemd; then state=$(systemctl is-active "$service" </dev/null 2>&1); else state="not known without systemd"; fi
    row "$name" "$(called "$service"): $state"
    case $state in
      failed) missing=yes ;;
      inactive) ends_by_itself "$service" || missing=yes ;;
    esac
    name=''
  done
}

show_verify() {
  if [ -n "$verifying" ]; then row verify "runs since $verifying"; return; fi
  if [ -z "$verified" ]; then row verify "the kernel's log tells of none"; return; fi
  in_words "${verify_found:-0}"
  case ${verify_found:-0} in 0) text="nothing differed" ;; *) text="$words differed" ;; esac
  row verify "ended $verified${verify_took:+ after $verify_took s}: $text"
}

show_past() {
  last_primary=''
  if [ -r "/var/lib/pulumi-drbd/$resource.last-primary" ]; then read -r last_primary <"/var/lib/pulumi-drbd/$resource.last-primary"; fi
  [ -z "$last_primary" ] || row Primary "last, as $here knows: $last_primary"
  [ "$connection" != Connected ] || return 0
  if [ -n "$gone_since" ]; then row "peer gone" "since $gone_since${gone_role:+; it was $gone_role then}${gone_disk:+, with its disk $gone_disk}"
  else row "peer gone" "the kernel's log does not tell since when; $here is up since $(uptime -s 2>/dev/null || echo 'a time that is not known')"; fi
}

# show_advice: what a person has to do or to decide, where there is something.
show_advice() {
  bad=''
  while read -r volume minor disk replication _; do
    [ -n "$volume" ] || continue
    case $disk in UpToDate|Consistent|Negotiating|Attaching) ;; *) bad="$bad, volume $volume $disk" ;; esac
  done <<END
$volumes
END
  bad=${bad#, }
  case $role/$connection in
    Primary/Connected) ;;
    */Connecting)
      # Where DRBD 8.4 finds a split brain, this may be all that the other side hears of it.
      if [ -n "$met" ]; then
        row "to do" "$peer was reached at $met, and the two were not connected. \`drbd-where $resource\` on $peer says why."
        row "" "If it is a split brain, a person decides whose changes go."
        tell_giving_up
      fi ;;
    */StandAlone)
      if [ -n "$parted" ]; then
        row "to do" "split brain, found $parted: both sides wrote while they were apart, and DRBD does not connect them."
        row "" "A person decides whose changes go. Look at the data of both sides first, and at \`drbd-where $resource\` on $peer."
        tell_giving_up
        row "" "To give up $peer's, there: what \`drbd-where $resource\` has there."
        row "" "Then, on the side that stays, if it is StandAlone: \`drbdadm connect $resource\`"
      else
        row "to do" "$here does not look for $peer: somebody disconnected it, or $peer's data does not fit. See \`journalctl -k | grep drbd\`;"
        row "" "\`drbdadm connect $resource\` makes it look for it again."
      fi ;;
  esac
  case $bad in
    *Diskless*|*Failed*) row "to do" "$here works without a disk of its own ($bad): see \`journalctl -k | grep drbd\`, mend the disk, then \`drbdadm attach $resource\`" ;;
  esac
  if [ "$role" = Primary ] && [ -n "$missing" ]; then
    row "to do" "not all of $resource is served here: \`drbd-takeover $resource\` mounts and starts what is missing, or says why it cannot"
  fi
  [ "$role" = Secondary ] || return 0
  case $connection in
    Connected)
      [ "$peer_role" != Primary ] || return 0
      row "to do" "it is Secondary on both sides: nobody serves it. On the host where it shall run: \`$(start_here)\`" ;;
    StandAlone) [ -n "$bad" ] || row "" "If $peer is off for good: \`drbd-takeover $resource\`" ;;
    *)
      if [ -n "$met" ]; then
        [ -n "$bad" ] || row "" "If $peer is off for good since: \`drbd-takeover $resource\`"
      elif [ -n "$bad" ]; then
        row "to do" "$here stays Secondary: its data is not the newest ($bad), and $peer, which has it, cannot be reached."
        row "" "Bring $peer or the link to it back: $here is then filled from it."
      else
        row "to do" "$here stays Secondary while it cannot reach $peer: $peer may be running with newer data. Start $peer, or mend"
        row "" "the link to it. If $peer is dead, switch it off for good, and then: \`drbd-takeover $resource\`"
      fi ;;
  esac
}

# tell_giving_up: how this side's changes are given up in a split brain, a step at a time, for the state that this side is in. A copy
# of the disk of a Primary would be one of many moments, so it is made Secondary first.
tell_giving_up() {
  case $bad in
    *Diskless*|*Failed*) row "" "$here's cannot be given up while it has no disk ($bad)."; return ;;
  esac
  if [ "$role" = Primary ]; then
    row "" "To give up $here's: make it Secondary (\`$(demoted)\`), and call this again."
    return
  fi
  row "" "To give up $here's: copy its disk first, since nothing else keeps what goes"
  row "" "(\`dd if=\$(drbdadm sh-ll-dev $resource) of=FILE bs=4M iflag=direct conv=fsync\`), and then: \`$(given_up)\`"
  case ${volumes%"$newline"} in *"$newline"*) row "" "That gives up all of its volumes, and each has a disk to copy (drbdadm sh-ll-dev $resource/0, …)." ;; esac
}

# demoted: what makes it Secondary, as it is typed.
demoted() {
  promotion=$(promotion_of "$resource")
  if [ -n "$promotion" ]; then printf 'systemctl stop %s && ' "$(quoted "$promotion")"
  else
    for minor in $(minors_of); do
      if grep -q " 147:$minor " /proc/self/mountinfo; then printf 'umount -A /dev/drbd%s && ' "$minor"; fi
    done
  fi
  printf 'drbdadm secondary %s\n' "$resource"
}

# given_up: what gives up the changes of a Secondary, as it is typed.
given_up() {
  [ "$connection" = StandAlone ] || printf 'drbdadm disconnect %s && ' "$resource"
  printf 'drbdadm connect --discard-my-data %s\n' "$resource"
}
