# The snapshots that drbd-utils' handlers make of a volume's disk before a resync, and remove after it (`snapshotBeforeResync`).

# find_snapshot VOLUME: sets snapshot to GROUP/NAME, empty where there is none, made to when that was, and filled to how full it is
# in percent, or to `spoilt`, `merging`, or `half`: of a disk that was not whole itself, by DRBD's internal metadata on it. Where no
# such name is in /dev, LVM is not asked: on a sick host that may take long.
find_snapshot() {
  snapshot='' made='' filled=''
  set -- "$1" /dev/mapper/*-before--resync
  if [ ! -e "$2" ] || ! command -v lvs >/dev/null; then return 0; fi
  below=$(drbdadm sh-ll-dev "$resource/$1" </dev/null 2>/dev/null) || return 0
  IFS='|' read -r group name <<END
$(list_volumes -o vg_name,lv_name "$below" | tail -n 1 | tr -d ' ')
END
  [ -n "$name" ] || return 0
  IFS='|' read -r origin attributes filled made <<END
$(list_volumes -o origin,lv_attr,snap_percent,lv_time "$group/$name-before-resync" | sed 's/^ *//')
END
  [ "$origin" = "$name" ] || return 0
  snapshot=$group/$name-before-resync
  case $attributes/$filled in
    S*) filled=merging ;;
    ????[IS]*|*/100.00) filled=spoilt ;;
    *) case $(perl -e "$superblock_pl" "/dev/$snapshot" end 2>/dev/null) in v0[89]*:0:[01]) filled=half ;; esac ;;
  esac
}

# list_volumes ARGUMENTS…: LVM tells of the open files of whoever calls it, which is no matter here.
list_volumes() { LVM_SUPPRESS_FD_WARNINGS=1 timeout 20 lvs --noheadings --separator '|' "$@" </dev/null 2>/dev/null; }
