# A file that is made, or replaced at once or not at all.

# put FILE 0600|0644|0755: what the function text prints becomes FILE at once or not at all. Synced before it is renamed, so that a
# power cut leaves the old file or the new one, never an empty one.
put() {
  directory=${1%/*}
  [ -d "$directory" ] || mkdir -p "$directory" || return 1
  fresh=$directory/.${1##*/}.pulumi-drbd
  [ ! -e "$fresh" ] || rm -f "$fresh" || return 1
  case $2 in 0644|0755) umask 022 ;; *) umask 077 ;; esac
  # Where the shell cannot write it, it says "I/O error" only: cat says why.
  { text >"$fresh" || { text | cat >"$fresh"; }; } && { [ "$2" != 0755 ] || chmod 0755 "$fresh"; } && sync "$fresh" && mv -f "$fresh" "$1"; code=$?
  umask 022
  [ $code = 0 ] || rm -f "$fresh"
  return $code
}
