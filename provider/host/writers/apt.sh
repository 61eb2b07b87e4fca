# Debian packages.

# patiently COMMAND…: a command of apt again and again while somebody holds one of the locks of apt or dpkg: of the lists,
# of the archives, of dpkg's database. It sets said and code, and tells for whom it waits.
patiently() {
  left=600
  while :; do
    said=$("$@" 2>&1 </dev/null 8>&-); code=$?
    case $code$said in
      0*) return ;;
      *"Could not get lock "*|*"locked by another process"*|*"is another process using it"*) ;;
      *) return ;;
    esac
    [ "$left" -gt 0 ] || return
    # "E: Could not get lock FILE. It is held by process 232 (perl)", "… by another process with pid 232"
    who=$(told_by_apt '.*held by \(process [0-9]* ([^)]*)\).*')
    [ -n "$who" ] || who=$(told_by_apt '.*by another process with \(pid [0-9]*\).*')
    lock=$(told_by_apt '.*Could not get lock \([^ ]*[^ .]\).*')
    note "waits for ${who:-another process}, which holds ${lock:-a lock of apt or dpkg}"
    sleep 2; left=$((left - 2))
  done
}

# told_by_apt PATTERN: the part of its first line that the pattern has in parentheses.
told_by_apt() { printf '%s\n' "$said" | sed -n "s/$1/\\1/p" | head -n 1; }

# update_lists KEPT: the package lists, as far as their sources answer. It does not fail: whether the package can be installed
# decides, not whether every source answers. What was said is kept in a file for the step that installs.
update_lists() {
  patiently apt-get update
  printf '%s\n%s\n' "$code" "$said" >"$1"
  [ "$code" = 0 ] || warn "apt-get update failed (exit $code): $(printf '%s\n' "$said" | grep '^E:' | head -n 1)"
}

# install_packages KEPT PACKAGE…: where that fails, what the update before it said is part of the reason.
install_packages() {
  kept=$1 before=''
  shift
  # confold: dpkg fails rather than ask whether a configuration file that is there already may stay.
  patiently env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Options::=--force-confold install -y --no-install-recommends "$@"
  [ "$code" != 0 ] || return 0
  printf '%s\n' "$said"
  if [ -e "$kept" ]; then
    { read -r updated; before=$(cat); } <"$kept"
    [ -z "$before" ] || printf 'Before it, apt-get update said (exit %s):\n%s\n' "$updated" "$before"
  fi
  unresolved=$(printf '%s\n%s\n' "$before" "$said" | sed -n "s/.*\(Temporary failure\|Something wicked happened\) resolving '\([^':]*\).*/\2/p; s/.*Could not resolve '\([^':]*\).*/\1/p" | sort -u | tr '\n' ' ')
  [ -z "$unresolved" ] || echo "Names cannot be resolved on this host: $unresolved(see /etc/resolv.conf there)"
  return "$code"
}
