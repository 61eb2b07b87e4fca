# The lines of a DRBD device in fstab.

# change_fstab FILE NAMES LINE BACK OWN KEPT: fstab without our own lines of the device that has these names, and with LINE
# where it is not empty. OWN is a regular expression that our lines match, and KEPT what somebody's line begins with while
# ours stands in its place. Where BACK is not empty, such lines come back.
change_fstab() {
  line=$3
  others=$(names=" $2 " line=$3 back=$4 own=$5 kept=$6 awk "$fstab_awk" "$1") || return 1
  text() {
    [ -z "$others" ] || printf '%s\n' "$others"
    [ -z "$line" ] || printf '%s\n' "$line"
  }
  put "$1" 0644
}
