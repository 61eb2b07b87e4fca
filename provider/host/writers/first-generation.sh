# The beginning of a pair's life, or a volume's: the first generation of its data.

# force_primary RESOURCE[/VOLUME] [VOLUME MARK]…: what begins it. The mark of each volume then names the generation that this
# began, and is on the disk when this ends.
force_primary() {
  word=$1
  shift
  for mark in "$@"; do
    case $mark in /*) hold_mark "$mark" || return ;; esac
  done
  drbdadm primary --force "$word" </dev/null || return
  while [ $# -gt 0 ]; do
    mark_generation "$1" "$2" || return
    shift 2
  done
}

# skip_sync RESOURCE/VOLUME [MARK]: the same where both disks read as zeros: both are in the generation that this begins, and
# nothing is sent. A connected kernel (8.4.11) itself refuses it (exit 10) where this side's disk was ever in use.
skip_sync() {
  if [ -n "${2:-}" ]; then hold_mark "$2" || return; fi
  drbdadm new-current-uuid --clear-bitmap "$1" </dev/null || return
  if [ -n "${2:-}" ]; then mark_generation "$1" "$2" || return; fi
  wait_both_whole "$1" 30
}

# hold_mark MARK: it has its place before anything begins, with what names no generation and lets nobody format: on a full
# disk nothing is begun.
hold_mark() {
  folder=${1%/*}
  [ -d "$folder" ] || mkdir -p "$folder" || return
  echo 0000000000000004 >"$1" && sync "$folder" "$1"
}

# mark_generation RESOURCE[/VOLUME] MARK: written over and not anew, so that it needs no more room.
mark_generation() {
  now=$(drbdadm get-gi "$1" </dev/null) || return
  echo "${now%%:*}" 1<>"$2" && sync "$2"
}
