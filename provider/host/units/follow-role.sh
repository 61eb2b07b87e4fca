# drbd-role@.service: follows who is Primary of the resource $0, whose units have the instance name $1.
#
# It notes who was Primary last, and has drbd-primary@.service follow a person who promotes or demotes by hand, so that a shutdown
# demotes in order. Once after a boot, where nobody has been Primary since, it starts what runs where the resource is Primary: on
# the host that the note names, once its peer is connected and Secondary and every disk here is UpToDate. DRBD connects no two
# hosts whose data has parted, and makes no two of them Primary. A note that is older than the peer's is that of a host that was
# down or apart while the peer was Primary: where the peer wrote then, this host is filled first, and the peer, which is not, is
# before it. A host that was filled since it booted leaves the peer ten seconds more. A fill may be over before its first event is
# read, or before this has started, so the kernel's log is asked. A promotion that fails is tried again as long as all this holds,
# after 15 seconds, and after twice as many each time, up to two minutes. A person who stops it ends that.
#
# For each time that the two are apart it makes a token, which is gone once they are connected: `pulumi up` takes the word that the
# peer is off with that token alone (drbd-takeover --while-apart). That is a loop of its own: all else may wait for a unit.
# The unit has it in one line, without these lines.
name=$0;
unit=drbd-primary@$1.service;
served=drbd-primary-services@$1.target;
case "$1" in *\\*) typed="'$served'" ;; *) typed=$served ;; esac;
own=$(uname -n);
peer=;
note=/var/lib/pulumi-drbd/$name.last-primary;
run=/run/pulumi-drbd;
decided=$run/$name.decided;
forget=$run/$name.forget;
token=$run/$name.apart;
noting=$run/$name.noting;
told=;
asked=;
failed=;
pause=1;
mkdir -p "${note%/*}";
[ -d "$run" ] || mkdir -m 700 "$run";
chmod 700 "$run";
rm -f "$forget" "$noting";

while read -r word host rest; do
  [ "$word" = on ] || continue;
  host=${host#[!A-Za-z0-9]};
  host=${host%[!A-Za-z0-9]};
  [ "$host" = "$own" ] || peer=$host;
done <"/etc/drbd.d/$name.res";

look() { now=$(drbdsetup events2 --now "$name") || now=; };

is_primary() { case "$now" in *" role:Primary suspended:"*) return 0 ;; *) return 1 ;; esac; };

tell() { [ "$told" = "$1" ] || { told=$1; printf "%s\n" "$1"; }; };

record() {
  touch "$decided";
  [ "$(cat "$note" 2>/dev/null)" != "$1" ] || return 0;
  if echo "$1" >"$note~" && sync "$note~" && mv "$note~" "$note" && sync "${note%/*}"; then echo "$name is Primary on $1: noted for the next boot";
  else tell "$name is Primary on $1, and this cannot be noted in $note for the next boot, which goes by what stands there still. Is ${note%/*} full, or read-only?"; fi;
};

follow() {
  started=;
  while :; do
    state=$(systemctl show --value --property=ActiveState "$unit");
    look;
    if is_primary; then
      case "$state" in
        deactivating) sleep 1 ;;
        inactive|failed)
          [ -z "$started" ] || return;
          started=yes;
          touch "$noting";
          systemctl start --job-mode=ignore-dependencies "$unit";
          rm -f "$noting" ;;
        *) return ;;
      esac;
    else
      [ "$state" = active ] || return;
      touch "$forget";
      systemctl stop --job-mode=ignore-dependencies "$unit";
      rm -f "$forget";
      return;
    fi;
  done;
};

after_boot() {
  last=$(cat "$note" 2>/dev/null);
  alone="Is the other host off, and stays off: drbd-takeover $name. drbd-where shows all that is known here";
  case "$now" in
    *" connection:Connected role:Secondary"*) ;;
    *" connection:Connected "*) return ;;
    *" connection:StandAlone"*) asked=; tell "$name stays Secondary: it is StandAlone, so the two hosts do not speak, as after a split brain. drbd-where and pulumi preview show both sides"; return ;;
    *" connection:"*)
      asked=;
      case "$last" in
        "") tell "$name stays Secondary: ${peer:-its peer} is not connected, and nothing is noted of who was Primary last. $alone" ;;
        "$own") tell "$name stays Secondary: it was Primary here last, but ${peer:-its peer} is not connected, and may have been Primary since. It is promoted as soon as that one is connected. $alone" ;;
        *) tell "$name stays Secondary: it was Primary on $last last, and ${peer:-its peer} is not connected. $alone" ;;
      esac;
      return ;;
    *)
      asked=;
      if read -r since missing 2>/dev/null <"$run/$name.waits"; then tell "$name is down, and is brought up once this is there: $missing"; fi;
      return ;;
  esac;
  case "$last" in
    "$own") ;;
    "") tell "$name stays Secondary: nothing is noted of who was Primary last. pulumi up makes it Primary, and on this host: systemctl start $typed"; return ;;
    *) tell "$name stays Secondary: it was Primary on $last last, which is connected, and is promoted there. To have it here: systemctl start $typed"; return ;;
  esac;
  case "$now" in
    *" disk:"[!U]*) asked=; tell "$name stays Secondary: it was Primary here last, and is promoted once its disk is UpToDate"; return ;;
    *" replication:Off"*) return ;;
    *" disk:UpToDate"*) ;;
    *) return ;;
  esac;
  [ -z "$asked" ] || return;
  asked=yes;
  left=$pause;
  if dmesg | grep -Eq "drbd.* -> (SyncTarget|PausedSyncT) "; then
    sleep 10;
    look;
    case "$now" in *" role:Primary"*) return ;; *" connection:Connected role:Secondary"*) ;; *) asked=; return ;; esac;
  fi;
  tell "$name was Primary here last, and $peer is connected: it is promoted, mounted, and its services are started${failed:+. The last try has failed, and journalctl --boot --unit=$unit says why}";
  systemctl start --no-block "$served";
};

mark_apart() {
  drbdsetup events2 "$name" | while read -r kind what rest; do
    [ "$what" = connection ] || continue;
    case "$kind $rest " in
      *" connection:Connected "*|"destroy "*) rm -f "$token"; apart= ;;
      *" connection:"*) [ -n "$apart" ] || { apart=yes; od -An -N8 -tx1 /dev/urandom | tr -dc 0-9a-f >"$token~" && mv "$token~" "$token"; } ;;
    esac;
  done;
  rm -f "$token";
};

once_more() {
  left=$((left - 1));
  [ "$left" -le 0 ] || return;
  [ "$(systemctl show --value --property=ActiveState "$unit")" = failed ] || return;
  asked=;
  failed=yes;
  pause=$((pause < 8 ? pause * 2 : 8));
};

rm -f "$token";
apart=;
mark_apart &

{
  while [ ! -e "$decided" ] && sleep 15 >/dev/null; do echo time passes; done &
  drbdsetup events2 "$name";
  kill $! 2>/dev/null;
} | while read -r kind what rest; do
  case "$kind $what $rest" in
    "time passes "*) [ -n "$asked" ] || continue; once_more; [ -z "$asked" ] || continue ;;
    "exists -"*|"change resource"*|"change connection"*|"change device"*|"change peer-device"*|"destroy resource"*) ;;
    *) continue ;;
  esac;
  look;
  if is_primary; then record "$own"; else
    case "$now" in *" connection:Connected role:Primary"*) [ -z "$peer" ] || record "$peer" ;; esac;
  fi;
  follow;
  [ -e "$decided" ] || after_boot "$1";
done
