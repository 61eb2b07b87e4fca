# drbd@.service: waits until what the resource $0 needs is there: the address $1, in hexadecimal digits $2 where it is of IPv6, and
# the disks that follow. Without the address drbdadm fails, and without a disk, too, and nobody would try again.
# The unit has it in one line, without these lines.
address=$1;
digits=$2;
shift 2;
told=;
has_address() {
  case "$address" in 127.*) return 0 ;; esac;
  before=;
  if [ -n "$digits" ]; then
    while read -r found index length scope flags interface; do
      if [ "$found" = "$digits" ] && [ $(( 0x$flags & 0x48 )) = 0 ]; then return 0; fi;
    done </proc/net/if_inet6;
    return 1;
  fi;
  while read -r one two; do
    if [ "$before $one $two" = "$address /32 host LOCAL" ]; then return 0; fi;
    before=$two;
  done </proc/net/fib_trie;
  return 1;
};
while :; do
  missing=;
  has_address || missing=" the address $address";
  for disk; do [ -b "$disk" ] || missing="$missing $disk"; done;
  [ -n "$missing" ] || exit 0;
  if [ "$missing" != "$told" ]; then told=$missing; echo "$0 is brought up once this is there:$missing"; fi;
  sleep 1;
done
