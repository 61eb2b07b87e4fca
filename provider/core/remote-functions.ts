/** The functions below that look and say yes or no: what a step's guard is made of. */
export type Check =
  | "no_metadata"
  | "still_blank"
  | "blank_before_metadata"
  | "never_used"
  | "wait_connected"
  | "both_new"
  | "not_standalone";

/** A check with its arguments. */
export type Call = readonly [Check, ...string[]];

/**
 * Shell functions that the probe and the steps' guards share, so that what was planned on and what is checked again
 * just before a destructive command are one and the same test. POSIX sh, and nothing but what Debian calls essential
 * or drbd-utils brings along.
 */
export const remoteFunctions = String.raw`
LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022

# contents DEVICE [BEHIND]: "zero BYTES" when every sample of it is zero, else "data OFFSET". Reads the first and the last 1 MiB
# and 256 blocks of 4 KiB in between: create-md itself looks at 68 KiB, and so would pass over a disk whose head was zeroed.
# BEHIND is how much at the end is not looked at.
contents() {
  perl -e '
    my $zero = "\0" x 1048576; my @reads;
    open(my $disk, "<:raw", $ARGV[0]) or die "open: $!\n";
    my $size = sysseek($disk, 0, 2) - ($ARGV[1] || 0);
    push @reads, [0, 1048576], [$size > 1048576 ? $size - 1048576 : 0, 1048576];
    push @reads, [int($size * $_ / 257 / 4096) * 4096, 4096] for 1 .. 256;
    for (@reads) {
      my ($at, $want) = @$_;
      sysseek($disk, $at, 0); my $got = sysread($disk, my $block, $want);
      defined $got or die "read at $at: $!\n";
      next if $block eq substr($zero, 0, $got);
      $block =~ /[^\0]/; print "data ", $at + $-[0], "\n"; exit 0;
    }
    print "zero $size\n";
  ' "$1" "${"$"}{2:-0}" 2>&1
}

# signature DEVICE: what low-level probing finds, "none" when it says that there is nothing.
signature() {
  found=$(blkid -p -o export "$1" </dev/null 2>&1); code=$?
  case $code in 0) printf '%s\n' "$found" ;; 2) [ -z "$found" ] && echo none || printf 'error %s\n' "$found" ;; *) printf 'error %s %s\n' "$code" "$found" ;; esac
}

# gi MINOR DEVICE PLACE: the generation identifiers in the metadata of a device that is not attached, by version.
# get-gi says nothing and answers 1 where there is none of that version.
gi() {
  old=$(drbdmeta "$1" v08 "$2" "$3" get-gi </dev/null 2>&1); code=$?
  if [ $code = 0 ]; then echo "v08 $old"; return; fi
  if [ $code = 1 ] && [ -z "$old" ]; then
    new=$(drbdmeta --node-id 0 "$1" v09 "$2" "$3" get-gi </dev/null 2>&1); code=$?
    if [ $code = 0 ]; then echo "v09 $new"; return; fi
    if [ $code = 1 ] && [ -z "$new" ]; then echo none; return; fi
    old=$new
  fi
  echo "error $code $old"
}

# still_blank DISK BYTES|any: the guard before anything is written to a disk that was found blank. The first and the last
# 1 MiB, where DRBD's metadata stands and whatever blkid knows of, are read whole: so blkid is asked for a name only.
still_blank() {
  if [ ! -b "$1" ]; then echo "$1 is no block device any more"; return 1; fi
  now=$(contents "$1")
  case $now in
    "zero $2") return 0 ;;
    zero*) [ "$2" = any ] && return 0; echo "$1 has ${"$"}{now#zero } bytes now; it had $2 when this was planned" ;;
    *) what=$(signature "$1"); if [ "$what" = none ]; then what=$now; fi; echo "$1 is not blank any more: $what" ;;
  esac
  return 1
}

# no_metadata MINOR DEVICE PLACE
no_metadata() {
  now=$(gi "$1" "$2" "$3")
  if [ "$now" = none ]; then return 0; fi
  echo "$2 holds DRBD metadata now: $now"; return 1
}

# blank_before_metadata DISK: nothing stands in front of its internal metadata, which takes 36 KiB and a bit for each 4 KiB.
blank_before_metadata() {
  bytes=$(blockdev --getsize64 "$1") || return 1
  now=$(contents "$1" $(( bytes / 32768 + 65536 )))
  case $now in zero*) return 0 ;; esac
  echo "$1 is not blank in front of its metadata: $now"; return 1
}

# never_used RESOURCE: its own generation identifiers say that it was just created.
never_used() {
  now=$(drbdadm get-gi "$1" </dev/null 2>&1)
  case $now in 0000000000000004:0000000000000000:0000000000000000:0000000000000000:*) return 0 ;; esac
  echo "the generation identifiers of $1 are not those of a new device: $now"; return 1
}

# state RESOURCE: what the kernel says of it, in one process; \`said KEY\` then sets value to one of its words, or to nothing.
state() { now=$(drbdsetup events2 --now "$1" </dev/null 2>&1); }
said() { case $now in *" $1:"*) set -- ${"$"}{now#*" $1:"}; value=$1 ;; *) value= ;; esac; }

# wait_connected RESOURCE SECONDS
wait_connected() {
  turns=$(( $2 * 5 ))
  while :; do
    state "$1"
    said connection
    if [ "$value" = Connected ]; then return 0; fi
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ] || [ "$value" = StandAlone ]; then echo "$1 is ${"$"}{value:-unconfigured}, not connected to its peer: is the port open both ways on the replication addresses?"; return 1; fi
    sleep 0.2
  done
}

# both_new RESOURCE: the gate before primary --force, as far as this side can see it.
both_new() {
  wait_connected "$1" 30 || return 1
  said disk; disks=$value; said peer-disk; disks=$disks/$value
  if [ "$disks" != Inconsistent/Inconsistent ]; then echo "$1 is $disks, not Inconsistent/Inconsistent"; return 1; fi
  never_used "$1"
}

# not_standalone RESOURCE: a side that was disconnected on purpose, or after a split brain, stays so.
not_standalone() {
  now=$(drbdadm cstate "$1" </dev/null 2>/dev/null)
  if [ "$now" = StandAlone ]; then echo "$1 is StandAlone now"; return 1; fi
}

# put FILE 0600|0644: standard input becomes FILE at once or not at all. Synced before it is renamed, so that a power cut
# leaves the old file or the new one, never an empty one.
put() {
  directory=${"$"}{1%/*}
  [ -d "$directory" ] || mkdir -p "$directory" || return 1
  fresh=$directory/.${"$"}{1##*/}.pulumi-drbd
  [ ! -e "$fresh" ] || rm -f "$fresh" || return 1
  ( case $2 in 0644) umask 022 ;; *) umask 077 ;; esac; cat >"$fresh" ) && sync "$fresh" && mv -f "$fresh" "$1" && return 0
  code=$?; rm -f "$fresh"; return $code
}
`;
