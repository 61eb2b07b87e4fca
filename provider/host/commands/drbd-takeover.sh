# drbd-takeover: makes this host Primary when its peer is dead, on a person's word that the peer is off.

help() {
  cat <<END
drbd-takeover RESOURCE [--peer-is-off PEER [--while-apart TOKEN]]

For the host that is left when its peer is dead. It says what it sees of the peer, tries all its addresses, and refuses
while anything answers. Then it asks for the peer's host name, as your word that the peer is off: pull its plug, or look at
it. Two hosts that are both Primary write two histories, and one of them is lost. After that it makes this host Primary
(drbdadm primary --force), mounts the filesystems and starts the services.

  --peer-is-off PEER    the word, where there is no terminal to ask at
  --while-apart TOKEN   the word counts only as long as the two hosts have not been connected since the token was made.
                        \`pulumi preview\` tells the token, and \`pulumi up\` calls this command with it.
  --help

It ends with 0 when the resource is served here, 1 when it was refused and nothing was done, 2 when it was called wrongly,
3 when it failed half-way: then it says what stands.
See also: drbd-where, drbd-handback.
END
}

main() {
  resource='' given='' apart=''
  while [ $# -gt 0 ]; do
    case $1 in
      --help|-h) help; exit 0 ;;
      --peer-is-off) [ $# -ge 2 ] || wrong_call "--peer-is-off needs the peer's host name"; given=$2; shift ;;
      --peer-is-off=*) given=${1#*=} ;;
      --while-apart) [ $# -ge 2 ] || wrong_call "--while-apart needs a token"; apart=$2; shift ;;
      --while-apart=?*) apart=${1#*=} ;;
      -*) wrong_call "drbd-takeover has no option $1. drbd-takeover --help says what it has." ;;
      *) [ -z "$resource" ] || wrong_call "drbd-takeover takes one resource at a time"; resource=$1 ;;
    esac
    shift
  done
  needs_root drbd-takeover
  needs_drbd
  [ -n "$resource" ] || { all=$(list_resources); wrong_call "Which resource? $here has: ${all:-none at all}" "drbd-takeover RESOURCE"; }
  known_resource "$resource"
  look "$resource"
  [ -n "$role" ] || refuse "$resource is down on $here, and what its disk holds is not known. Bring it up first: \`drbdadm up $resource\`, then call this again."
  read_values "$resource"
  find_peer
  plan_serving "$resource"
  if [ "$role" = Primary ]; then
    echo "$resource is Primary on $here already."
    begin_change "drbd-takeover $resource on $here"
    serve; code=$?
    end_change
    exit $code
  fi
  tell_state
  is_same_cut || exit 1
  data_is_good || { why_not_good; exit 1; }
  peer_is_silent
  load_filesystems
  begin_change "drbd-takeover $resource on $here, since $(date '+%F %T')"
  have_word || { end_change; exit 1; }
  take_over; code=$?
  end_change
  exit $code
}

# find_peer: the peer's host name goes to peer, its addresses to addresses (a line each, HOST PORTS…).
find_peer() {
  case $events in
    *"exists connection "*"exists connection "*) refuse "$resource has several peers: this command is for pairs. By hand: \`drbdadm primary --force $resource\`, where all of them are off." ;;
  esac
  know_peer
  [ -n "$peer" ] || refuse "$here does not know who the peer of $resource is: drbdadm dump $resource names no other host."
  ports='' from_drbd=''
  while read -r _ at; do drbd_address "$at"; done <<END
$told
END
  # DRBD 9 has the address behind _remote_host, and 8.4 in its braces.
  while read -r at; do drbd_address "$at"; done <<END
$(drbdsetup show "$resource" </dev/null 2>/dev/null | awk '
  /_remote_host/ { remote = 1 }
  remote { for (i = 1; i < NF; i++) if ($i ~ /^ipv[46]$/) { at = $(i + 1); sub(/;.*/, "", at); print at; remote = 0 } }')
END
  # Each host once, with all ports that are known for it.
  addresses=$(printf '%s' "$addresses$from_drbd" | awk -v ports="$ports" '
    NF {
      if (!($1 in known)) { order[++count] = $1; known[$1] = "" }
      port = NF > 1 ? $2 : 22
      if (index(known[$1] " ", " " port " ") == 0) known[$1] = known[$1] " " port
    }
    END { for (i = 1; i <= count; i++) print order[i] known[order[i]] ports }')
}

# drbd_address HOST:PORT: one that DRBD has.
drbd_address() {
  case $1 in *:*) ;; *) return ;; esac
  host=${1%:*} host=${host#\[} host=${host%\]}
  case " $ports " in *" ${1##*:} "*) ;; *) ports="$ports ${1##*:}" ;; esac
  from_drbd="$from_drbd$host$newline"
}

# load_filesystems: the first mount would do so, when time counts.
load_filesystems() {
  while read -r device place type _ || [ -n "$device" ]; do
    case $device in \#*) continue ;; esac
    case $newline$mounts in *" $(unescaped "$place")$newline"*) modprobe -q "$type" </dev/null >/dev/null 2>&1 || : ;; esac
  done </etc/fstab
}

# tell_state: what is seen of both sides, and what would be lost.
tell_state() {
  past "$resource" "$(minors_of)"
  echo "$resource on $here: $role, $connection."
  printf '%s' "$volumes" | while read -r volume minor disk replication peer_disk oos; do
    in_words "$oos"
    echo "  volume $volume, /dev/drbd$minor: here $disk; $peer ${gone_disk:+was }${gone_disk:-$peer_disk}; $words known to differ"
  done
  if [ "$connection" = Connected ]; then
    echo "  $peer is $peer_role."
    return
  elif [ -n "$gone_since" ]; then
    echo "  $peer is gone since $gone_since${gone_role:+; it was $gone_role then}."
  else
    echo "  Since when $peer is gone is not known: the kernel's log tells nothing of it, such as after a boot of $here without $peer."
  fi
  last_primary=''
  if [ -r "/var/lib/pulumi-drbd/$resource.last-primary" ]; then read -r last_primary <"/var/lib/pulumi-drbd/$resource.last-primary"; fi
  [ -z "$last_primary" ] || echo "  Primary last, as $here knows: $last_primary."
  tell_loss
}

tell_loss() {
  options=$(options_of "$resource")
  protocol=$(printf '%s\n' "$options" | protocol_in)
  buffer=$(printf '%s\n' "$options" | sed -n 's/.*sndbuf-size[[:blank:]]*\([0-9]*[kKmM]*\);.*/\1/p' | head -n 1)
  echo "  Protocol ${protocol:-not known}. May be lost:"
  case $protocol in
    [BC]) ;;
    *) ! runs_ahead "$options" || tell_unbounded ;;
  esac
  case $protocol in
    A)
      case $buffer in
        ''|0|0k) bound="as a rule not more than 2 MiB: the send buffer sizes itself (sndbuf-size 0)" ;;
        *) bound="as a rule not more than its send buffer (sndbuf-size $buffer)" ;;
      esac
      echo "  - what $peer had told its programs to be written, and was still under way to $here: $bound" ;;
    B) echo "  - nothing that $peer had told its programs to be written, unless $here lost its power in the same moment" ;;
    C) echo "  - nothing that $peer had told its programs to be written, while the two were connected" ;;
    *) echo "  - what was under way, if the protocol is A" ;;
  esac
  echo "  - whatever $peer wrote ${gone_since:+after $gone_since, }while the two were not connected: it is on $peer alone"
}

# runs_ahead OPTIONS: whether a full send buffer does not hold up writes. It is the dead peer's own setting that counted: what this
# host has of it, in the kernel or in the configuration, is the nearest to it.
runs_ahead() {
  { printf '%s\n' "$1"; drbdadm dump "$resource" </dev/null 2>/dev/null; } | grep -Eq 'on-congestion[[:blank:]]+pull-ahead'
}

tell_unbounded() {
  echo "  - all that $peer had told its programs to be written since a burst of writes began: unbounded, as on-congestion is"
  echo "    pull-ahead. In the first seconds $here does not know that it lacks it, and its disk is UpToDate all the same. Made"
  echo "    Primary then, it goes on without all of that, and the two are a split brain when $peer comes back"
}

# data_is_good: whether every volume here holds data that may be used.
data_is_good() {
  good=yes
  while read -r volume minor disk replication _; do
    [ -n "$volume" ] || continue
    case $disk in UpToDate|Consistent) ;; *) good='' ;; esac
    case $replication in Off|Established) ;; *) good='' ;; esac
  done <<END
$volumes
END
  [ -n "$good" ] && [ -n "$volumes" ]
}

why_not_good() {
  echo "Refused: the data of $resource on $here must not be used."
  printf '%s' "$volumes" | while read -r volume minor disk replication _; do
    case $disk/$replication in
      UpToDate/Off|Consistent/Off|UpToDate/Established|Consistent/Established) continue ;;
      Inconsistent/*) why="half old, half new: a sync to it was not finished" ;;
      Outdated/*) why="older than what $peer has: $peer went on, or was shut down in order, after the two were connected last" ;;
      Diskless/*|Failed/*|Detaching/*) why="its disk is not attached here" ;;
      */Behind) why="behind what $peer has" ;;
      */Sync*|*/Paused*|*/WF*|*/Starting*) why="a sync is running" ;;
      *) why="not known to be whole" ;;
    esac
    case $replication in Off|Established) state=$disk ;; *) state=$disk,\ $replication ;; esac
    echo "  volume $volume, /dev/drbd$minor: $state: $why"
    find_snapshot "$volume"
    case $snapshot/$filled in /*|*/spoilt|*/merging|*/half) ;; *) echo "    $snapshot holds it as it was before the sync, on $made: \`drbd-where $resource\` says how to fall back to that" ;; esac
  done
  if [ "$connection" = Connected ]; then
    echo "$peer is connected, and $peer_role: \`drbd-where $resource\` shows how far $here is filled from it."
    return
  fi
  echo "Bring $peer back: \`drbd-where $resource\` shows how $here is filled from it. If $peer's disks are lost for good, and old or"
  echo "broken data is better than none, that is beyond this command: take a backup, or copy the disk before anything else."
} >&2

# peer_is_silent: ends where the peer is connected, or answers at any address. Says what was tried.
peer_is_silent() {
  still_apart || refuse "Refused: for DRBD $peer is alive: connected, and $peer_role." "$(if_alive)" \
    "If $peer has died just now: DRBD notices it after some ten seconds. Then call this again."
  tries=$(try_all | sort)
  echo "Is $peer alive?"
  tell_tries
  answered=$(printf '%s\n' "$tries" | grep -E ' (accepted|refused|answered)$')
  [ -z "$answered" ] || refuse "Refused: $peer answers, so it is alive." "$(if_alive)"
}

if_alive() {
  if [ "$peer_role" = Primary ]; then echo "To move $resource here in order: \`drbd-handback $resource\` on $peer."
  elif [ "$connection" = Connected ]; then
    echo "To start $resource here: \`$(start_here)\`"
    [ -n "$(target_of "$resource")" ] || echo "and then mount it."
    return
  elif [ "$connection" = StandAlone ] && [ -n "$parted" ]; then
    echo "It is a split brain, found $parted: both wrote while they were apart. \`drbd-where $resource\` has what to type."
    return
  else
    echo "Look at it there: \`drbd-where $resource\`. If it serves, leave it: mend the link between the two, and $here is filled again."
    echo "If it shall not serve any more: \`drbd-handback\` needs the link; without it, shut $peer down first."
    return
  fi
}

# still_apart: what look saw last.
still_apart() {
  case $connection in Connected|WFReportParams) return 1 ;; esac
  case $volumes in *" Established "*|*" Sync"*|*" Paused"*|*" Verify"*|*" Ahead "*|*" Behind "*) return 1 ;; esac
  return 0
}

# try_all: a line for each try: HOST PORT|ping WORDS.
try_all() {
  {
    while read -r host ports; do
      [ -n "$host" ] || continue
      # shellcheck disable=SC2086 # several ports
      if command -v perl >/dev/null; then
        { perl -e "$answers_pl" "$host" $ports || echo "$host - late"; } &
      fi
      if command -v ping >/dev/null; then
        if ping -n -c 2 -W 2 "$host" >/dev/null 2>&1; then echo "$host ping answered"; else echo "$host ping silent"; fi &
      fi
    done <<END
$addresses
END
    wait
  } 2>/dev/null
}

# An address of this host's own says nothing about the peer.
tell_tries() {
  tried=''
  while read -r host _; do
    [ -n "$host" ] || continue
    said=''
    while read -r at what how; do
      [ "$at" = "$host" ] || continue
      case $what/$how in
        -/own) said=", an address of $here itself: not counted"; break ;;
        -/unknown) said="$said, no address is known for this name: could not be tried"; continue ;;
        -/late) said="$said, its name was not resolved in time: could not be tried"; continue ;;
        ping/answered) said="$said, ping: answers" ;;
        ping/*) said="$said, ping: no answer" ;;
        */accepted) said="$said, port $what: answers" ;;
        */refused) said="$said, port $what: refused, so it answers" ;;
        */*) how=${how#silent} how=${how# }; said="$said, port $what: no answer${how:+ ($how)}" ;;
      esac
      tried=yes
    done <<END
$tries
END
    echo "  $host: ${said#, }"
  done <<END
$addresses
END
  # The answers of an own address are not the peer's.
  tries=$(printf '%s\n' "$tries" | awk '$2 == "-" && $3 == "own" { own[$1] = 1 } { line[NR] = $0; at[NR] = $1 } END { for (i = 1; i <= NR; i++) if (!own[at[i]]) print line[i] }')
  echo "  DRBD: $connection, so it has no connection to $peer"
  command -v perl >/dev/null || echo "  perl is not installed on $here: no port was tried"
  command -v ping >/dev/null || echo "  ping is not installed on $here: it was not tried"
  [ -n "$tried" ] || echo "  No address of $peer could be tried. Look at $peer yourself before you go on."
}

# have_word: a person's word that the peer is off. While it is waited for, the peer is tried again and again.
have_word() {
  if [ ! -t 0 ]; then
    if [ -z "$given" ]; then
      echo "Refused: nobody can be asked without a terminal. If $peer is off for sure: drbd-takeover $resource --peer-is-off $peer" >&2
      return 1
    fi
  elif [ -z "$given" ]; then
    seen=$run_folder/answers.$$
    (while :; do try_all | awk '$2 == "-" && $3 == "own" { own[$1] = 1 } $NF ~ /^(accepted|refused|answered)$/ { found[$1] = $0 } END { for (at in found) if (!own[at]) print found[at] }' >>"$seen"; sleep 1; done) </dev/null >/dev/null 2>&1 9>&- &
    trying=$!
    trap 'kill "$trying" 2>/dev/null; rm -f "$seen"' EXIT
    trap 'exit 1' INT TERM HUP
    echo "If $peer runs after all, two hosts write, and what one of them writes is lost. Look at it, or pull its plug."
    printf "Type the peer's host name to say that it is off (anything else ends this): "
    read -r given || given=''
    kill "$trying" 2>/dev/null
    trap - INT TERM HUP
    trap 'rm -f "$seen"' EXIT
    if [ -s "$seen" ]; then echo "Refused: $peer has answered meanwhile: $(head -n 1 "$seen")" >&2; return 1; fi
  fi
  if [ "$given" != "$peer" ]; then
    echo "Refused: the peer of $resource is $peer, and the word was \"$given\". Nothing was changed." >&2
    return 1
  fi
}

# is_same_cut: whether the token, where one is given, is the one that was made when the two were parted.
is_same_cut() {
  [ -n "$apart" ] || return 0
  made=$(cat "$run_folder/$resource.apart" 2>/dev/null)
  [ "$apart" != "$made" ] || return 0
  echo "Refused: the word that $peer is off was given for another time. Since then $resource was connected to $peer, or the word" \
    "was used, or $here was started anew, or drbd-role@$resource.service was. Nothing was changed." >&2
  return 1
}

# take_over: from here on time counts.
take_over() {
  look "$resource"
  if [ "$role" = Primary ]; then echo "$resource has become Primary on $here meanwhile."
  elif ! still_apart; then echo "Refused: $peer is connected again. Nothing was changed." >&2; return 1
  elif ! data_is_good; then why_not_good; return 1
  elif ! is_same_cut; then return 1
  else
    said=$(drbdadm primary --force "$resource" </dev/null 2>&1) || {
      code=$?
      printf '%s\n' "Failed on $here: \`drbdadm primary --force $resource\` (exit $code):" "$said" \
        "$resource is not Primary here, and nothing is mounted. \`drbd-where $resource\` shows what stands." >&2
      return 3
    }
    rm -f "$run_folder/$resource.apart"
    echo "$resource is Primary on $here."
  fi
  serve || return
  cat <<END
When $peer comes back:
  - If it wrote nothing after it was gone, it is filled from $here by itself and stays Secondary. Nothing is to be done.
  - If it wrote something that $here never got, DRBD connects neither (split brain): \`drbd-where $resource\` says so, and a
    person decides which side is given up.
  - To move $resource back there, once it is UpToDate: \`drbd-handback $resource\` here.
END
}
