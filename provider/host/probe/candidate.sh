# A configuration that is wanted, parsed by the host's drbdadm beside what is installed, and what it would change.

# try_candidate RESOURCE COMMON TEXT FOREIGN LEFT…: the texts of both files, and the installed files that they would take the
# place of. FOREIGN is not empty where somebody else's file defines the resource: what that means is told too, and what ours
# would.
try_candidate() {
  command -v drbdadm >/dev/null || return 0
  say candidate "$1"
  say parsed; candidate "$@" | drbdadm -c - sh-nop 2>&1; say exit $?
  say change; candidate "$@" | drbdadm -c - -d adjust "$1" 2>&1; say exit $?
  [ -n "$4" ] || return 0
  say means; drbdadm --verbose dump "$1" 2>/dev/null </dev/null; say exit $?
  say meant; candidate "$@" | drbdadm --verbose -c - dump "$1" 2>/dev/null; say exit $?
}

candidate() {
  common=$2 text=$3
  shift 4
  installed_but "$@"
  printf %s "$common$text"
}
