# What blkid and wipefs find on a disk, and the name by which its contents are known again.

# signature DEVICE: what low-level probing finds, "none" when it says that there is nothing. Of a partition blkid also tells
# its entry in the table, which says nothing of what stands on it.
signature() {
  found=$(blkid -p -o export "$1" </dev/null 2>&1); code=$?
  case $code$found in
    0*PART_ENTRY_*)
      found=$(printf '%s\n' "$found" | grep -v -e ^PART_ENTRY_ -e ^DEVNAME=)
      [ -n "$found" ] || code=2 ;;
  esac
  case $code in
    0) printf '%s\n' "$found" ;;
    2) if [ -z "$found" ]; then echo none; else printf 'error %s\n' "$found"; fi ;;
    8) several "$1" || printf 'error %s %s\n' "$code" "$found" ;;
    *) printf 'error %s %s\n' "$code" "$found" ;;
  esac
}

# several DEVICE: the signatures of a device that blkid calls ambivalent, each with its UUID; no UUID of the whole.
several() {
  listed=$(wipefs -n -i -O TYPE,UUID "$1" </dev/null 2>/dev/null) && printf '%s\n' "$listed" | awk '
    NF > 0 && !seen[$1]++ { type = type (type == "" ? "" : "+") $1; lines = lines "SIGNATURE=" $1 " " $2 "\n" }
    END { if (type == "") exit 1; printf("TYPE=%s\n%s", type, lines) }
  '
}

# identity DEVICE: what it holds, so that other contents are told from it: TYPE:UUID, or a hash where there is no UUID; "blank".
identity() {
  now=$(signature "$1")
  case $now in
    none)
      case $(contents "$1") in
        zero*) echo blank ;;
        data*) echo "data:$(fingerprint "$1")" ;;
        *) echo unreadable ;;
      esac ;;
    error*) echo unreadable ;;
    *)
      type=$(printf '%s\n' "$now" | sed -n 's/^TYPE=//p')
      uuid=$(printf '%s\n' "$now" | sed -n 's/^UUID=//p')
      if [ -z "$type" ]; then
        type=$(printf '%s\n' "$now" | sed -n 's/^PTTYPE=//p')
        uuid=$(printf '%s\n' "$now" | sed -n 's/^PTUUID=//p')
      fi
      echo "${type:-data}:${uuid:-$(fingerprint "$1")}" ;;
  esac
}
