# What is mounted where, as the kernel tells it.

# unescaped WORD: a path as fstab and the kernel write it, as it is.
unescaped() {
  case $1 in
    *\\*) printf '%s\n' "$1" | awk '{ gsub(/\\040/, " "); gsub(/\\011/, "\t"); gsub(/\\134/, "\\"); print }' ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# device_at PLACE: the number of the device that is seen there, `147:1`: of the one that was mounted last.
device_at() {
  place=$1 awk '{ gsub(/\\040/, " ", $5); gsub(/\\011/, "\t", $5); gsub(/\\134/, "\\", $5) } $5 == ENVIRON["place"] { found = $3 } END { print found }' /proc/self/mountinfo
}
