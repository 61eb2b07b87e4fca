# Folders that are made, and taken away again.

# make_folder PATH NOTE: with its parents. Which of them were missing is noted before, deepest first: they can be taken away
# again, and no others.
make_folder() {
  [ ! -d "$1" ] || return 0
  missing='' at=$1
  while [ -n "$at" ] && [ ! -d "$at" ]; do missing=$missing$at${newline}; at=${at%/*}; done
  note=$2
  text() { [ ! -e "$note" ] || cat "$note"; printf '%s' "$missing"; }
  put "$note" 0644 && mkdir -p "$1"
}

# remove_folders NOTE: what make_folder made, where it is empty.
remove_folders() {
  if [ -e "$1" ]; then
    while read -r folder; do rmdir "$folder" 2>/dev/null || :; done <"$1"
    rm -f "$1" || return
  fi
  rmdir "${1%/*}" 2>/dev/null || :
}
