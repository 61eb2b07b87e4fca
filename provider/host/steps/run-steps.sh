# How the steps of a run are run one after the other, and what is told of them meanwhile.

mark() { printf '\n@%s-step %s\n' "$nonce" "$*"; }

# tell WORDS…: from within a step, whose own output goes to a file. Nobody may listen any more: the step goes on.
tell() { (trap '' PIPE; mark "$@" >&8) 2>/dev/null || :; }
# heard WORDS…: the same, and whether somebody listens still.
heard() { (trap '' PIPE; mark "$@" >&8) 2>/dev/null; }
note() { tell note "$*"; }
warn() { tell warn "$*"; }

# begin_steps RUN WORDS: ends all where another run has had the turn since this one took it.
begin_steps() {
  open_lock
  exec 9>"$run_folder/lock"
  flock -w 60 9; free=$?
  turn
  case $free$last in "0$1"|0) ;; *) mark locked "${who:-$words}"; exit 75 ;; esac
  have_turn "$1" "$2"
  # For the commands of ours that a step calls.
  export pulumi_drbd_run="$1"
  out=$run_folder/output
}

# run_step NUMBER [tells]: the function of that number. A failure ends all.
run_step() {
  mark begin "$1"
  # Into a file: a step whose output nobody reads any more, since the connection is gone, must not die of it half-way.
  if [ "${2:-}" = tells ]; then "step$1" 8>&1 >"$out" 2>&1; else "step$1" >"$out" 2>&1; fi
  code=$?
  [ $code = 0 ] || cat "$out"
  mark end "$1" $code
  [ $code = 0 ] || exit 0
}

# end_steps: from here on the host is looked at only, and other runs need not wait.
end_steps() { exec 9>&-; }
