# What is mounted where, as the kernel tells it.

# unescaped WORD: a path as fstab and the kernel write it, as it is.
unescaped() {
  case $1 in
    *\\*) printf '%s\n' "$1" | awk '{ gsub(/\\040/, " "); gsub(/\\011/, "\t"); gsub(/\\134/, "\\"); print }' ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# device_at PLACE: the number of the device that is seen there, `147:1`: of the one that was mounted last. A btrfs has a number of
# its own, 0:38, and is known by the device's name.
device_at() {
  place=$1 drbd=/dev/drbd awk '
    { gsub(/\\040/, " ", $5); gsub(/\\011/, "\t", $5); gsub(/\\134/, "\\", $5) }
    $5 == ENVIRON["place"] {
      found = $3
      for (i = 7; i < NF - 1 && $i != "-"; i++);
      minor = index($(i + 2), ENVIRON["drbd"]) == 1 ? substr($(i + 2), length(ENVIRON["drbd"]) + 1) : ""
      if (found ~ /^0:/ && minor ~ /^[0-9]+$/) found = "147:" minor
    }
    END { print found }' /proc/self/mountinfo
}

# is_mounted MINOR PLACE: whether what is seen at PLACE is that device, whatever name it was mounted by.
is_mounted() { [ "$(device_at "$2")" = "147:$1" ]; }
