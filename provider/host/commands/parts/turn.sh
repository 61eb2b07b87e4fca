# Only one at a time changes something on a host: these commands take part in the turns of `pulumi up` (turn/turn.sh).

# Of take_turn alone, which these commands do not call.
nonce=''

# begin_change WORDS: ends where a run is at work here, unless that has called this command. An `up` that was planned before this
# goes on no more.
begin_change() {
  turn
  if [ -n "${pulumi_drbd_run:-}" ] && [ -n "$who" ] && [ "$last" = "$pulumi_drbd_run" ]; then return; fi
  # A full /run must not stop a takeover.
  if ! command -v flock >/dev/null || ! (open_lock) >/dev/null 2>&1; then
    echo "Whether a \`pulumi up\` is at work on $here could not be seen: flock and $run_folder/lock are needed for that." >&2
    return
  fi
  exec 9>"$run_folder/lock"
  flock -n 9; free=$?
  turn
  if [ $free != 0 ] || [ -n "$who" ]; then
    busy_with
    refuse "Something else is changing DRBD on $here right now: ${who:-another command}." \
      ${held:+"It is here: $held."} \
      "Wait until it has ended, or end it${pids:+ (\`kill $pids\`)}; then call this again."
  fi
  own_turn=by-hand-$$-$(cut -d. -f1 /proc/uptime)
  have_turn "$own_turn" "$1"
}

end_change() { [ -z "${own_turn:-}" ] || give_turn "$own_turn"; }
