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
    printf '\n@%s-turn busy %s\n' "$nonce" "${who:-$words (it was killed, and its last step is still running)}"
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
