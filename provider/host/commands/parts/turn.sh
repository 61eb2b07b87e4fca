# Only one at a time changes something on a host: these commands take part in the turns of `pulumi up` (turn/turn.sh).

# Of take_turn alone, which these commands do not call.
nonce=''

# begin_change WORDS: ends where a run is at work here. An `up` that was planned before this goes on no more.
begin_change() {
  if ! command -v flock >/dev/null; then return; fi
  open_lock
  exec 9>"$run_folder/lock"
  flock -n 9; free=$?
  turn
  if [ $free != 0 ] || [ -n "$who" ]; then
    refuse "Something else is changing DRBD on $here right now: ${who:-another command}." \
      "Wait until it has ended, or end it; then call this again."
  fi
  own_turn=by-hand-$$-$(cut -d. -f1 /proc/uptime)
  have_turn "$own_turn" "$1"
}

end_change() { [ -z "${own_turn:-}" ] || give_turn "$own_turn"; }
