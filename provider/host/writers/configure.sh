# A file of drbd's configuration.

# configure FILE MODE OLD KEPT [UNREAD…]: what the function text prints, parsed by the host's own drbdadm together with all
# else that is installed before it replaces what is there, replaced in one go, and read back, since a file that was cut off
# passes the parser. OLD is somebody's file with the same resource, of this path or another, and is kept as KEPT; both are
# empty where there is none. UNREAD are files of ours that drbdadm cannot read as they are.
configure() {
  file=$1 mode=$2 old=$3 kept=$4
  shift 4
  { installed_but "$file" "$old" "$@"; text; } | drbdadm -c - sh-nop || return
  if [ -z "$old" ]; then put "$file" "$mode" || return; else replace_file "$file" "$mode" "$old" "$kept" || return; fi
  text | cmp - "$file"
}

# replace_file FILE MODE OLD KEPT
replace_file() {
  # What is kept under that name already is never written over; it is the same file where a run was stopped in between.
  [ ! -e "$4" ] || cmp "$3" "$4" || return
  if [ "$3" = "$1" ]; then
    [ "$3" -ef "$4" ] || ln -f "$3" "$4" || return
    put "$1" "$2"
  else
    # Written whole first: then the two change places by two renames, since drbdadm takes neither where it finds both.
    put "$1.pulumi-drbd" "$2" && mv -f "$3" "$4" && mv -f "$1.pulumi-drbd" "$1"
  fi
}
