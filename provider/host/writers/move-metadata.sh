# Metadata of a disk that grew while it was down.

# move_metadata RESOURCE MINOR DISK BYTES: to the end of a disk that grew while it was down. drbdmeta finds it by the size that
# it keeps in a file, which is lost with the host's own disk and can be old: so it is written anew.
move_metadata() {
  bytes=$4 disk=$3
  before=$(metadata_at "$3" "$4")
  case $before in
    v0[89]*) ;;
    *) echo "there is no metadata to move where $3 ended when it had $4 bytes: $before"; return 1 ;;
  esac
  text() { printf '%s\t%s\n' "$bytes" "$disk"; }
  put "/var/lib/drbd/drbd-minor-$2.lkbd" 0644 && drbdadm check-resize "$1" </dev/null || return 1
  now=$(superblock "$3" end)
  if [ "$now" = "$before" ]; then return 0; fi
  echo "the metadata of $1 is not at the end of $3: $now, and it was $before"; return 1
}
