# Whose turn it is to change something on this host (core/seen/turn.ts says why there are turns).

run_folder=/run/pulumi-drbd

# started PID: sets start to when that process started, which tells it from a later one with the same number.
started() {
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # into words, behind the process' name, which may hold anything
  set -- ${stat##*") "}
  start=${20}
}

# turn: sets last to the run that had the turn last, and who to the words of the run that works now, or to nothing. No
# process is started for it.
turn() {
  last='' who=''
  { read -r last pid since words <"$run_folder/turn"; } 2>/dev/null || return 0
  if [ "$pid" != 0 ] && started "$pid" && [ "$start" = "$since" ]; then who=$words; fi
}

# told_of PID: a process in words: its number, its command, and since when it runs, by the clock of now.
told_of() {
  started "$1" || return 1
  command=$(tr '\0\n' '  ' 2>/dev/null <"/proc/$1/cmdline" | cut -c -80)
  while read -r key booted _ && [ "$key" != btime ]; do :; done </proc/stat
  seconds=$((booted + start / $(getconf CLK_TCK 2>/dev/null || echo 100)))
  printf 'process %s (%s), since %s\n' "$1" "${command% }" "$(date -d "@$seconds" '+%F %T')"
}

# busy_with: behind turn, where something else is at work. Sets pids to the processes that have the turn, or keep the lock, and held
# to words of them; to nothing where none is found.
busy_with() {
  pids='' held=''
  if [ -n "$who" ]; then pids=$pid
  else
    # Who only waits for the lock has no such line.
    # shellcheck disable=SC2044 # paths of /proc have no blanks
    for info in $(find /proc/[0-9]*/fdinfo -mindepth 1 -exec grep -ls '^lock:.*FLOCK' {} + 2>/dev/null); do
      [ "${info%/fdinfo/*}/fd/${info##*/}" -ef "$run_folder/lock" ] || continue
      one=${info#/proc/}
      pids="$pids${pids:+ }${one%%/*}"
    done
  fi
  for one in $pids; do
    if one=$(told_of "$one"); then held="$held${held:+; }$one"; fi
  done
}

# have_turn RUN WORDS: this shell has it from now on.
have_turn() { started $$ && printf '%s %s %s %s\n' "$1" $$ "$start" "$2" >"$run_folder/turn"; }

open_lock() {
  # shellcheck disable=SC2174 # the folder above it is there
  if [ -d "$run_folder" ] || mkdir -p -m 700 "$run_folder"; then
    if true >>"$run_folder/lock"; then return; fi
  fi
  echo "cannot write $run_folder/lock"
  exit 70
}

# take_turn RUN WORDS: where nobody has the turn, and no step of an earlier run is still running.
take_turn() {
  open_lock
  exec 9>"$run_folder/lock"
  flock -w 10 9; free=$?
  turn
  if [ "$free" != 0 ] || { [ -n "$who" ] && [ "$last" != "$1" ]; }; then
    busy_with
    printf '\n@%s-turn busy %s\n' "$nonce" "${who:-$words (it was killed, and its last step is still running)}${held:+; on $(uname -n): $held}"
    return
  fi
  before=$last
  have_turn "$1" "$2" && printf '\n@%s-turn taken %s\n' "$nonce" "$before"
}

# give_turn RUN: leaves the run's name behind, so that later looks know that it was there.
give_turn() {
  turn
  [ "$last" != "$1" ] || printf '%s 0 0 \n' "$last" >"$run_folder/turn"
}
