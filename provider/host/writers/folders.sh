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

# remove_folder PATH NOTE: one that make_folder made, where it is empty. Its parents may be needed still, and stay noted.
remove_folder() {
  if [ ! -e "$2" ] || ! grep -qxF -e "$1" "$2"; then return 0; fi
  rmdir "$1" 2>/dev/null || return 0
  folder=$1 note=$2
  text() { grep -vxF -e "$folder" "$note" || :; }
  put "$note" 0644
}

# remove_folders NOTE: what make_folder made, where it is empty.
remove_folders() {
  if [ -e "$1" ]; then
    while read -r folder; do rmdir "$folder" 2>/dev/null || :; done <"$1"
    rm -f "$1" || return
  fi
  rmdir "${1%/*}" 2>/dev/null || :
}
