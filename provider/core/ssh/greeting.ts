/** Variables of the login that a shell of ours keeps; a proxy decides whether the host's packages can be fetched. */
const kept =
  "HOME|USER|LOGNAME|SHELL|TERM|PWD|SHLVL|http_proxy|https_proxy|ftp_proxy|no_proxy|HTTP_PROXY|HTTPS_PROXY|NO_PROXY";
/** The shell's own: bash ends where a script unsets one that is read-only. */
const shells = "PATH|IFS|_|OLDPWD|PPID|UID|EUID|SHELLOPTS|BASHOPTS|BASH_VERSINFO";

/**
 * What a new shell on a host reads first. The environment of somebody's login changes what tools do (POSIXLY_CORRECT,
 * GREP_OPTIONS, TAR_OPTIONS, LD_PRELOAD, DRBD's own variables, …), so nearly all of it goes. Then the shell says who it
 * is, on both outputs: what comes before that was said by others, such as sshd, sudo or a login's own scripts. A shell
 * that is not root's ends here: without root each look at a host is wrong, and each step fails.
 */
export function greeting(mark: string): string {
  return `set -f; IFS='
'
for name in $(export -p); do
  name=\${name#export }; name=\${name#declare -x }; name=\${name#typeset -x }; name=\${name%%=*}
  case $name in ${kept}|${shells}|''|[0-9]*|*[!A-Za-z0-9_]*) ;; *) unset "$name" ;; esac
done
set +f; unset IFS name
uid=; while read -r key real uid rest; do case $key in Uid:) break ;; esac; done </proc/self/status
case $uid in ''|*[!0-9]*) uid=$(id -u) ;; esac
[ "$uid" = 0 ] || id
printf '\\n${mark} %s\\n' "$uid"; printf '\\n${mark}\\n' >&2
[ "$uid" = 0 ] || exit 1
unset uid key real rest
`;
}
