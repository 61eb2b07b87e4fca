# What drbdadm understands of the configuration that it reads, and of another global_common.conf in its place.

# tell_dump: only where that may be more than what we wrote, since it costs a process.
tell_dump() {
  if [ -f /etc/drbd.conf ] && command -v drbdadm >/dev/null && others_too; then
    say dump; as_whole : drbdadm --verbose dump all; say exit $?
  fi
}

# as_whole FUNCTION COMMAND…: what the command says of what the function prints. Its words of complaint come only where it
# fails: else they would stand among what it prints.
as_whole() {
  from=$1
  shift
  # shellcheck disable=SC2069 # the second time its complaint alone
  "$from" | "$@" 2>/dev/null || { code=$?; "$from" | "$@" 2>&1 >/dev/null; return $code; }
}

# others_too: whether there is anything that drbdadm reads and that we did not write.
others_too() {
  for file in /etc/drbd.d/*; do
    case $file in */global_common.conf|*.before-pulumi-drbd*|*/README*) continue ;; esac
    if [ -d "$file" ]; then return 0; fi
    if [ -f "$file" ]; then
      line=''
      read -r line <"$file" || :
      case $line in "# $own_mark"*) ;; *) return 0 ;; esac
    fi
  done
  ! has_usual_includes
}

# try_common COMMON UNREAD…: both by the same way, so that nothing but global_common.conf differs. UNREAD are files of ours that
# drbdadm cannot read as they are.
try_common() {
  say common; printf %s "$1"; say exit 0
  command -v drbdadm >/dev/null || return 0
  say commonnow; as_whole common_now drbdadm -c - --verbose dump all; say exit $?
  say commonthen; as_whole common_then drbdadm -c - --verbose dump all; say exit $?
}

common_now() { each_common without_unread; }
without_unread() { shift; installed_but "$@"; }

common_then() { each_common with_common; }
with_common() {
  common=$1
  shift
  installed_but /etc/drbd.d/global_common.conf "$@"
  printf %s "$common"
}
