# Units of systemd that run with a resource.

# start_service UNIT [OPTION]: where it fails, with what systemd knows of it and the last lines of its journal.
start_service() {
  systemctl start ${2:+"$2"} "$1" </dev/null && return 0; code=$?
  systemctl status --no-pager --full --lines=15 "$1" </dev/null 2>&1
  return $code
}

# remove_drop_ins FILE…: with the folders that hold nothing else.
remove_drop_ins() {
  rm -f "$@" || return
  for file; do rmdir "${file%/*}" 2>/dev/null || :; done
}
