import { quote } from "../seen/shell-words";

/** Seconds for which the locks of apt and dpkg are waited for, in each of the two steps. */
const patience = 600;

/**
 * `patiently COMMAND…` runs a command of apt again while somebody holds one of the locks of apt or dpkg: of the lists, of
 * the archives, of dpkg's database. It sets `said` and `code`, and tells for whom it waits. `note` and `warn` come from
 * apply-script.ts.
 */
const patiently = String.raw`left=${patience}
# "E: Could not get lock FILE. It is held by process 232 (perl)", "… by another process with pid 232"
told_by_apt() { printf '%s\n' "$said" | sed -n "s/$1/\\1/p" | head -n 1; }
patiently() {
  while :; do
    said=$("$@" 2>&1 </dev/null 8>&-); code=$?
    case $code$said in
      0*) return ;;
      *"Could not get lock "*|*"locked by another process"*|*"is another process using it"*) ;;
      *) return ;;
    esac
    [ "$left" -gt 0 ] || return
    who=$(told_by_apt '.*held by \(process [0-9]* ([^)]*)\).*')
    [ -n "$who" ] || who=$(told_by_apt '.*by another process with \(pid [0-9]*\).*')
    lock=$(told_by_apt '.*Could not get lock \([^ ]*[^ .]\).*')
    note "waits for ${"$"}{who:-another process}, which holds ${"$"}{lock:-a lock of apt or dpkg}"
    sleep 2; left=$((left - 2))
  done
}`;

/** confold: dpkg fails rather than ask whether a configuration file that is there already may stay. */
const install = "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Options::=--force-confold install -y";

/**
 * Brings the package lists up to date. It does not fail: whether the package can be installed decides, not whether every
 * source answers. What was said is kept in a file for the step that installs.
 */
export function updateScript(keptIn: string): string {
  return `${patiently}
patiently apt-get update
printf '%s\\n%s\\n' "$code" "$said" >${quote(keptIn)}
[ $code = 0 ] || warn "apt-get update failed (exit $code): $(printf '%s\\n' "$said" | grep '^E:' | head -n 1)"`;
}

/** Installs packages. Where that fails, what the update before it said is part of the reason. */
export function installScript(packages: readonly string[], keptIn: string): string {
  return `${patiently}
patiently ${install} --no-install-recommends ${packages.map(quote).join(" ")}
[ $code != 0 ] || exit 0
printf '%s\\n' "$said"
if [ -e ${quote(keptIn)} ]; then
  { read -r updated; before=$(cat); } <${quote(keptIn)}
  [ -z "$before" ] || printf 'Before it, apt-get update said (exit %s):\\n%s\\n' "$updated" "$before"
fi
unresolved=$(printf '%s\\n%s\\n' "$before" "$said" | sed -n "s/.*\\(Temporary failure\\|Something wicked happened\\) resolving '\\([^':]*\\).*/\\2/p; s/.*Could not resolve '\\([^':]*\\).*/\\1/p" | sort -u | tr '\\n' ' ')
[ -z "$unresolved" ] || echo "Names cannot be resolved on this host: $unresolved(see /etc/resolv.conf there)"
exit $code`;
}
