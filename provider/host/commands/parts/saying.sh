# How the commands speak, and how they end: 0 done, 1 refused, 2 called in a way that they do not know, 3 failed half-way.

here=$(uname -n)

refuse() { printf '%s\n' "$@" >&2; exit 1; }
wrong_call() { printf '%s\n' "$@" >&2; exit 2; }

# in_words KIB: sets words, such as 12 MiB.
in_words() {
  if [ "$1" -lt 1024 ]; then words="$1 KiB"
  elif [ "$1" -lt 10240 ]; then words="$(($1 / 1024)).$(($1 % 1024 * 10 / 1024)) MiB"
  elif [ "$1" -lt 10485760 ]; then words="$(($1 / 1024)) MiB"
  else words="$(($1 / 1048576)) GiB"; fi
}
