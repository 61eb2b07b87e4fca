# When a side of a split brain was written last, as far as anything there tells.

# last_written DISK DEVICE: of DEVICE, where it is mounted, the file with the newest content: `file TIME PATH`, or `some TIME PATH`
# where not all could be seen in 5 s. Else what an ext2 to ext4 on DISK tells of itself: `mounted TIME` and `changed TIME`.
last_written() {
  place=$(awk -v "number=147:${2#/dev/drbd}" '$3 == number { print $5; exit }' /proc/self/mountinfo)
  if [ -n "$place" ]; then
    place=$(unescaped "$place")
    # A name with a newline would be two lines.
    {
      timeout -k 1 5 find "$place" -xdev -type f ! -name '*[[:cntrl:]]*' -printf '%T@ %p\n' 2>/dev/null
      echo "ended $?"
    } | awk '$1 == "ended" { what = $2 >= 124 ? "some" : "file"; next } $1 > newest { newest = $1; line = $0 } END { if (line != "") print what, line }' | {
      read -r what seconds path || :
      [ -z "$path" ] || echo "$what $(time_of "${seconds%.*}") $path"
    }
    return 0
  fi
  # Not by the page cache, which knows nothing of what DRBD writes below it.
  timeout -k 1 5 dd "if=$1" iflag=direct bs=4096 count=1 2>/dev/null | perl -e "$ext_times_pl" | while read -r what seconds; do
    echo "$what $(time_of "$seconds")"
  done
}

time_of() { date -d "@$1" '+%F %T'; }
