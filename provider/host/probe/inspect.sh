# What stands at a path that is to be a disk, or in a folder that is to be a mount point.

# inspect SECTION PATH: where it leads, its signature, and, where there is none, whether samples of it are zero. What is neither
# blank nor DRBD's is looked at more closely, since a person may have to decide about it. It sets zeros to what contents said.
inspect() {
  zeros=''
  if [ ! -b "$2" ]; then
    if [ -e "$2" ]; then say "$1" not-block; else say "$1" missing; fi
    say exit 0
    return
  fi
  real=$2
  if [ -L "$real" ]; then real=$(readlink -f "$real"); fi
  say "$1" "$real"
  now=$(signature "$real"); echo "$now"
  if [ "$now" = none ]; then zeros=$(contents "$real"); echo "$zeros"; fi
  case "$now $zeros" in *UUID=*|"none zero"*|error*) ;; *) echo "HASH=$(fingerprint "$real")" ;; esac
  # How much of it is taken decides over where DRBD's metadata may go, which on the DRBD device it does not.
  if [ "$1" != device ]; then
    case $now in
      *TYPE=xfs*|*TYPE=ext*)
        taken=$(filesystem_bytes "$real")
        echo "TAKEN=$taken"; echo "ENDED=$(metadata_behind "$real" "$taken")" ;;
    esac
  fi
  # Metadata at a disk's end hides from blkid what stands at its beginning.
  case $now in *TYPE=xfs*|*TYPE=drbd*|*=xfs*) xfs_geometry "$real" ;; esac
  say exit 0
}

# tell_folder PATH: the folder, or the nearest one above it that is there; where it leads; and the first names in it.
tell_folder() {
  at=$1
  while [ -n "$at" ] && [ ! -e "$at" ] && [ ! -L "$at" ]; do at=${at%/*}; done
  at=${at:-/}
  if [ -d "$at" ]; then printf 'at %s\nreal %s\n' "$at" "$(cd -P -- "$at" && pwd)"; else printf 'blocked %s\n' "$at"; fi
  count=0
  for one in "$at"/* "$at"/.[!.]* "$at"/..?*; do
    if [ -e "$one" ] || [ -L "$one" ]; then printf 'holds %s\n' "${one##*/}"; count=$((count + 1)); fi
    if [ "$count" -gt "$most_names" ]; then break; fi
  done
}
