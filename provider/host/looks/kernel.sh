# What DRBD in the kernel says of a resource.

# state RESOURCE[/VOLUME]: what the kernel says of it, or of that volume and its resource, in $now.
state() {
  now=$(drbdsetup events2 --now "${1%%/*}" </dev/null 2>&1)
  case $1 in
    */*)
      now=$(printf '%s\n' "$now" | awk -v volume="volume:${1#*/}" '
        { other = 0; for (i = 1; i <= NF; i++) if ($i ~ /^volume:/ && $i != volume) other = 1; if (!other) print }
      ') ;;
  esac
}

# said KEY: sets value to what the kernel said for that word, or to nothing.
said() {
  # shellcheck disable=SC2086 # into words: the first is the value
  case $now in *" $1:"*) set -- ${now#*" $1:"}; value=$1 ;; *) value= ;; esac
}
