# drbd@.service: waits until what the resource $1 needs is there: the address $2, in hexadecimal digits $3 where it is of IPv6, and
# the disks that follow. Without the address drbdadm fails, and without a disk, too, and nobody would try again.
#
# Pacemaker, or whatever else is ordered behind drbd@.service, must not wait for ever: after a minute this fails, and goes on in
# a unit of its own (late), behind which nothing is ordered, and which starts the resource once all is there. It does not fail
# while somebody has the resource up: its unit would take it down. What is waited for stands in a file for drbd-where.
# The unit has it in one line, without these lines, as $0.
name=$1;
address=$2;
digits=$3;
shift 3;
run=/run/pulumi-drbd;
waits=$run/$name.waits;
target=$(systemd-escape --template=drbd@.target "$name");
later=$(systemd-escape --template=drbd-late@.service "$name");
tries=0;
since=;
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
is_up() { case "$(drbdsetup events2 --now "$name" 2>/dev/null)" in *"exists resource "*) return 0 ;; *) return 1 ;; esac; };
[ ! -e "$waits" ] || read -r since told <"$waits";
while :; do
  missing=;
  has_address || missing="the address $address";
  for disk; do [ -b "$disk" ] || missing="${missing:+$missing, }$disk"; done;
  if [ -z "$missing" ]; then
    rm -f "$waits";
    [ -z "$late" ] || systemctl start --no-block "$target";
    exit 0;
  fi;
  if [ "$missing" != "$told" ]; then
    told=$missing;
    printf "%s is brought up once this is there: %s\n" "$name" "$missing";
    [ -n "$since" ] || read -r since rest </proc/uptime;
    [ -d "$run" ] || mkdir -m 700 "$run";
    printf "%s %s\n" "$since" "$missing" >"$waits";
  fi;
  if [ -n "$late" ]; then
    if is_up; then rm -f "$waits"; exit 0; fi;
    sleep 5;
    continue;
  fi;
  tries=$((tries + 1));
  if [ "$tries" -gt 60 ] && ! is_up; then
    systemctl is-active --quiet "$later" ||
      systemd-run --quiet --collect --unit="$later" --description="What DRBD resource $name waits for" --setenv=late=yes --setenv=script="$0" --property=PartOf="$(printf %s "$target" | sed "s/\\\\/&&/g")" /bin/sh -c "eval \"\$script\"" late "$name" "$address" "$digits" "$@";
    printf "%s is missing, and nothing else waits for it any more: %s brings %s up once it is there\n" "$missing" "$later" "$name";
    exit 1;
  fi;
  sleep 1;
done
