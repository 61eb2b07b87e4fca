# The beginning of a pair's life, or a volume's.

# force_primary RESOURCE[/VOLUME] [VOLUME MARK]…: what begins it. The mark of each volume then names the generation that this
# began, and is on the disk when this ends. It has its place there before, with what names no generation and lets nobody
# format: on a full disk nothing is forced. Written over and not anew, so that it needs no more room.
force_primary() {
  word=$1
  shift
  for mark in "$@"; do
    case $mark in /*) ;; *) continue ;; esac
    folder=${mark%/*}
    [ -d "$folder" ] || mkdir -p "$folder" || return
    echo 0000000000000004 >"$mark" && sync "$folder" "$mark" || return
  done
  drbdadm primary --force "$word" </dev/null || return
  while [ $# -gt 0 ]; do
    now=$(drbdadm get-gi "$1" </dev/null) || return
    echo "${now%%:*}" 1<>"$2" && sync "$2" || return
    shift 2
  done
}
