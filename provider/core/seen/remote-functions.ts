/** The functions below that look and say yes or no: what a step's guard is made of. */
export type Check =
  | "no_metadata"
  | "still_blank"
  | "blank_before_metadata"
  | "never_used"
  | "wait_connected"
  | "both_new"
  | "sync_ended"
  | "not_standalone"
  | "still_holds"
  | "fits_before_metadata"
  | "up_to_date"
  | "before_growth"
  | "metadata_of_84"
  | "metadata_of_9"
  | "wait_up_to_date"
  | "wait_settled"
  | "nobody_holds"
  | "is_attached"
  | "is_primary"
  | "is_secondary"
  | "is_half_up";

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
newline='
'

# The places of a disk that are looked at: the first and the last 1 MiB and 256 blocks of 4 KiB in between. create-md itself
# looks at 68 KiB, and so would pass over a disk whose head was zeroed.
places='
  sub places { my $size = shift; my @places = ([0, 1048576], [$size > 1048576 ? $size - 1048576 : 0, 1048576]);
    push @places, [int($size * $_ / 257 / 4096) * 4096, 4096] for 1 .. 256; @places }
  sub at { my ($disk, $at, $want) = @_; sysseek($disk, $at, 0); my $got = sysread($disk, my $block, $want);
    defined $got or die "read at $at: $!\n"; $block }
'

# contents DEVICE [BEHIND]: "zero BYTES" when every place of it is zero, else "data OFFSET". BEHIND is how much at the end is
# not looked at.
contents() {
  perl -e "$places"'
    open(my $disk, "<:raw", $ARGV[0]) or die "open: $!\n";
    my $size = sysseek($disk, 0, 2) - ($ARGV[1] || 0);
    for (places($size)) {
      my $block = at($disk, @$_);
      next if $block eq "\0" x length $block;
      $block =~ /[^\0]/;
      print("data ", $_->[0] + $-[0], "\n"), exit 0;
    }
    print "zero ", $size + 0, "\n";
  ' "$1" "${"$"}{2:-0}" 2>&1
}

# fingerprint DEVICE: a hash of those places.
fingerprint() {
  perl -e "$places"'
    open(my $disk, "<:raw", $ARGV[0]) or die "open: $!\n";
    print at($disk, @$_) for places(sysseek($disk, 0, 2));
  ' "$1" | sha256sum | cut -c1-16
}

# identity DEVICE: what it holds, so that other contents are told from it: TYPE:UUID, or a hash where there is no UUID; "blank".
identity() {
  now=$(signature "$1")
  case $now in
    none) case $(contents "$1") in zero*) echo blank ;; data*) echo "data:$(fingerprint "$1")" ;; *) echo unreadable ;; esac ;;
    error*) echo unreadable ;;
    *)
      type=$(printf '%s\n' "$now" | sed -n 's/^TYPE=//p'); uuid=$(printf '%s\n' "$now" | sed -n 's/^UUID=//p')
      [ -n "$type" ] || { type=$(printf '%s\n' "$now" | sed -n 's/^PTTYPE=//p'); uuid=$(printf '%s\n' "$now" | sed -n 's/^PTUUID=//p'); }
      echo "${"$"}{type:-data}:${"$"}{uuid:-$(fingerprint "$1")}" ;;
  esac
}

# filesystem_bytes DEVICE: how much of it its filesystem takes by its own superblock (XFS, ext2 to ext4); nothing for others.
filesystem_bytes() {
  perl -e '
    open(my $disk, "<:raw", $ARGV[0]) or exit; sysread($disk, my $head, 4096) == 4096 or exit;
    if (substr($head, 0, 4) eq "XFSB") { my ($block, $high, $low) = unpack("N3", substr($head, 4, 12)); print $block * ($high * 4294967296 + $low), "\n" }
    elsif (unpack("v", substr($head, 1080, 2)) == 0xEF53) {
      my $high = unpack("V", substr($head, 1120, 4)) & 0x80 ? unpack("V", substr($head, 1360, 4)) : 0;
      print((($high * 4294967296) + unpack("V", substr($head, 1028, 4))) * (1024 << unpack("V", substr($head, 1048, 4))), "\n");
    }
  ' "$1"
}

# xfs_geometry DEVICE: an XFS' sector size and features by its superblock; nothing where it holds none.
xfs_geometry() {
  perl -e '
    open(my $disk, "<:raw", $ARGV[0]) or exit; sysread($disk, my $head, 4096) == 4096 or exit; substr($head, 0, 4) eq "XFSB" or exit;
    # Only version 5 has the words of features.
    my @bits = (unpack("n", substr($head, 100, 2)) & 15) == 5 ? unpack("N2", substr($head, 212, 8)) : (0, 0);
    printf("XFS=%d %d %d\n", unpack("n", substr($head, 102, 2)), @bits);
  ' "$1"
}

# several DEVICE: the signatures of a device that blkid calls ambivalent, each with its UUID; no UUID of the whole.
several() {
  listed=$(wipefs -n -i -O TYPE,UUID "$1" </dev/null 2>/dev/null) && printf '%s\n' "$listed" | awk '
    NF > 0 && !seen[$1]++ { type = type (type == "" ? "" : "+") $1; lines = lines "SIGNATURE=" $1 " " $2 "\n" }
    END { if (type == "") exit 1; printf("TYPE=%s\n%s", type, lines) }
  '
}

# signature DEVICE: what low-level probing finds, "none" when it says that there is nothing. Of a partition blkid also tells
# its entry in the table, which says nothing of what stands on it.
signature() {
  found=$(blkid -p -o export "$1" </dev/null 2>&1); code=$?
  case $code$found in 0*PART_ENTRY_*) found=$(printf '%s\n' "$found" | grep -v -e ^PART_ENTRY_ -e ^DEVNAME=); [ -n "$found" ] || code=2 ;; esac
  case $code in 0) printf '%s\n' "$found" ;; 2) [ -z "$found" ] && echo none || printf 'error %s\n' "$found" ;; 8) several "$1" || printf 'error %s %s\n' "$code" "$found" ;; *) printf 'error %s %s\n' "$code" "$found" ;; esac
}

# superblock DEVICE BYTE|end: DRBD's own block of metadata that begins at that byte, or that internal metadata has at the end:
# "none", "v08 UUID GI", or "v09 UUID NODE OLDER PEER GI [PEER GI]…".
# UUID is the device's. GI has the identifiers as drbdmeta's get-gi prints them, and the first two of its flags.
# DRBD 9 keeps a bitmap identifier for each peer, in a slot by the peer's node id. NODE is the host's own id, -1 before the
# first attach. Each PEER is an id whose slot is in use (it has a bitmap, or flags of a peer), and GI has the bitmap identifier
# of that slot. Where no slot is in use, they all hold the same, and the first that is not the host's own stands for them.
# OLDER are the identifiers of the history that get-gi leaves out, "-" for none.
superblock() {
  perl -e '
    open(my $disk, "<:raw", $ARGV[0]) or die "open: $!\n";
    # BLKFLSBUF: DRBD writes past the page cache, which may still hold what stood there before. A plain file has no such call.
    ioctl($disk, 0x1261, 0);
    my $at = $ARGV[1] eq "end" ? int(sysseek($disk, 0, 2) / 4096) * 4096 - 4096 : $ARGV[1];
    print("none\n"), exit if $at < 0;
    sysseek($disk, $at, 0); my $got = sysread($disk, my $block, 4096);
    defined $got or die "read at $at: $!\n";
    print("none\n"), exit if $got < 4096;
    my $identifiers = sub { join(":", map { uc unpack("H16", substr($block, $_, 8)) } @_) };
    my $number = sub { unpack("N", substr($block, $_[0], 4)) };
    my $uuid = sub { unpack("H16", substr($block, $_[0], 8)) };
    my ($flags, $magic) = ($number->(56), $number->(60));
    my $state = join(":", $flags & 1, $flags >> 4 & 1);
    # Clean, or unclean: DRBD 8.4 has a magic number for each, and DRBD 9 a flag.
    if ($magic == 0x8374026b || $magic == 0x8374026c) {
      print("v08 ", $uuid->(40), " ", $identifiers->(8, 16, 24, 32), ":$state\n");
    } elsif ($magic == 0x8374026d) {
      my $node = unpack("l>", substr($block, 92, 4));
      my @peers = grep { $_ != $node } 0 .. 31;
      my @used = grep { my $slot = 112 + 32 * $_; $number->($slot + 20) != 0xffffffff || $number->($slot + 16) & 0x1f } @peers;
      my @older = grep { $identifiers->($_) =~ /[^0]/ } map { 1136 + 8 * $_ } 2 .. 31;
      print("v09 ", $uuid->(48), " $node ", @older ? $identifiers->(@older) : "-");
      print(" $_ ", $identifiers->(8, 112 + 32 * $_, 1136, 1144), ":$state") for @used ? @used : $peers[0];
      print("\n");
    } else { print "none\n" }
  ' "$1" "$2" 2>&1
}

# gi MINOR DEVICE PLACE: the generation identifiers in the metadata of a device that is not attached: "none", "v08 GI" as
# drbdmeta prints it, or what superblock says of v09. drbdmeta's get-gi says nothing and answers 1 where there is none of that
# version, and fails where the device is in use. For v09 it wants to be told whose slot to read, which only the superblock tells.
gi() {
  old=$(drbdmeta "$1" v08 "$2" "$3" get-gi </dev/null 2>&1); code=$?
  if [ $code = 0 ]; then echo "v08 $old"; return; fi
  if [ $code = 1 ] && [ -z "$old" ]; then
    case $3 in internal) new=$(superblock "$2" end) ;; *) new=$(superblock "$2" 0) ;; esac
    case $new in none|v09*) echo "$new"; return ;; esac
    old=$new
  fi
  echo "error $code $old"
}

# metadata_at DEVICE BYTES: the metadata that lies where internal metadata lay while the device had so many bytes, as superblock
# says it. drbdmeta itself looks at the end of the device only.
metadata_at() { superblock "$1" $(( $2 / 4096 * 4096 - 4096 )); }

# metadata_behind DEVICE BYTES: how many bytes a device had when DRBD's internal metadata was at its end, by what lies behind a
# filesystem of so many bytes now; nothing where there is none. Of several, the last: what is older stays where a device grew
# while it ran. Looked for as far as it can be behind a filesystem that took all that DRBD left it.
metadata_behind() {
  perl -e '
    open(my $disk, "<:raw", $ARGV[0]) or exit; my $taken = $ARGV[1]; $taken =~ /^\d+$/ or exit;
    my $from = int(($taken + 4095) / 4096) * 4096;
    my $end = int(sysseek($disk, 0, 2) / 4096) * 4096 - 4096;
    my $most = $from + int($from / 32768) + 32 * 1048576; $end = $most if $end > $most;
    my $found;
    for (my $at = $from; $at < $end; $at += 1048576) {
      sysseek($disk, $at, 0); my $want = $end - $at < 1048576 ? $end - $at : 1048576;
      defined(my $got = sysread($disk, my $chunk, $want)) or exit;
      for (my $in = 0; $in + 4096 <= $got; $in += 4096) {
        my ($magic, $sectors) = unpack("N2", substr($chunk, $in + 60, 8));
        my $had = $at + $in + 4096;
        $found = $had if $magic >= 0x8374026b && $magic <= 0x8374026d && $sectors > 8 && $had - 512 * $sectors >= $taken;
      }
    }
    print "$found\n" if defined $found;
  ' "$1" "$2"
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

# still_holds DISK IDENTITY: the guard before what is on a disk goes, or is built around.
still_holds() {
  if [ ! -b "$1" ]; then echo "$1 is no block device any more"; return 1; fi
  now=$(identity "$1")
  if [ "$now" = "$2" ]; then return 0; fi
  echo "$1 holds $now now; it held $2 when this was planned"; return 1
}

# fits_before_metadata DISK BYTES USABLE: the disk has its size still, and its filesystem ends before the metadata begins.
fits_before_metadata() {
  bytes=$(blockdev --getsize64 "$1") || return 1
  if [ "$bytes" != "$2" ]; then echo "$1 has $bytes bytes now; it had $2 when this was planned"; return 1; fi
  taken=$(filesystem_bytes "$1")
  if [ -n "$taken" ] && [ "$taken" -le "$3" ]; then return 0; fi
  echo "the filesystem on $1 takes ${"$"}{taken:-an unknown number of} bytes, and DRBD's metadata would leave it $3"; return 1
}

# clear_disk DEVICE: zero at every place that contents looks at, with and without internal metadata at the end, and no
# signature left. Opened for this alone: what is mounted, held or attached is not touched. What the disk is known by goes
# last, so that a run that was stopped finds it again.
clear_disk() {
  case $(signature "$1") in *TYPE=drbd*) last=tail ;; *) last=head ;; esac
  bytes=$(blockdev --getsize64 "$1") || return 1
  perl -e "$places"'
    use Fcntl; sysopen(my $disk, $ARGV[0], O_RDWR | O_EXCL) or die "open $ARGV[0]: $!\n";
    my ($path, $last, $size, $behind) = @ARGV;
    my ($head, $tail, @middle) = places($size);
    if ($size > $behind) { my ($again, @more) = places($size - $behind); push @middle, @more }
    # Neither the head nor what stands at the very end goes with the blocks in between.
    my $end = $size - ($last eq "tail" ? 36864 : 0);
    @middle = map { my ($from, $to) = ($_->[0], $_->[0] + $_->[1]); $from = 1048576 if $from < 1048576; $to = $end if $to > $end; [$from, $to - $from] } @middle;
    for (@middle, $last eq "head" ? ($tail, $head) : ($head, $tail)) {
      my ($at, $length) = @$_; $length = $size - $at if $at + $length > $size; next if $length <= 0;
      sysseek($disk, $at, 0); my $done = syswrite($disk, "\0" x $length);
      defined $done && $done == $length or die "write at $at: $!\n";
    }
    require IO::Handle; $disk->sync or die "sync: $!\n";
  ' "$1" $last "$bytes" "$(metadata_bytes "$bytes")" && wipefs -qa "$1" && still_blank "$1" any
}

# up_to_date MINOR DEVICE PLACE RESOURCE: this side's data is whole and was the newest when last it knew.
up_to_date() {
  if [ -e /dev/drbd$1 ] && now=$(drbdadm dstate "$4" </dev/null 2>/dev/null); then
    # DRBD 9 names no peer where it has no connection. Of what is down its drbdadm tells what the metadata says, as gi does.
    case $now in
      UpToDate|UpToDate/*) return 0 ;;
      Diskless|Diskless/*|Unconfigured|Consistent|Outdated|Inconsistent) ;;
      *) echo "$4 is $now here, not UpToDate"; return 1 ;;
    esac
  fi
  now=$(gi "$1" "$2" "$3") disk=$2
  set -- $now
  case ${"$"}{1:-} in v08) found=$2 ;; v09) found=$6 ;; *) found= ;; esac
  # The flags behind the four identifiers, which are of the disk and the same in every slot.
  case ${"$"}{found#*:*:*:*:} in 1:1|1:1:*) return 0 ;; esac
  echo "the data on $disk is not known to be the newest: $now"; return 1
}

# before_growth DISK BYTES UUID|any: the resource's metadata lies where the disk ended before it grew.
before_growth() {
  now=$(metadata_at "$1" "$2")
  case $now in "v0"[89]" $3 "*) return 0 ;; v0[89]*) [ "$3" = any ] && return 0 ;; esac
  echo "where $1 ended when it had $2 bytes lies no metadata of device $3: $now. Nothing was made there, since the disk may hold the only copy of the newest data. If it grew, find out how many bytes it had when DRBD last ran on it, write that number, a tab and $1 into the .lkbd file of its minor in /var/lib/drbd, and run drbdadm check-resize. If it is another disk, name it by another path (one of /dev/disk/by-id): it is then judged by what stands on it"; return 1
}

# move_metadata RESOURCE MINOR DISK BYTES: to the end of a disk that grew while it was down. drbdmeta finds it by the size that
# it keeps in a file, which is lost with the host's own disk and can be old: so it is written anew.
move_metadata() {
  bytes=$4 disk=$3
  before=$(metadata_at "$3" "$4")
  case $before in v0[89]*) ;; *) echo "there is no metadata to move where $3 ended when it had $4 bytes: $before"; return 1 ;; esac
  text() { printf '%s\t%s\n' "$bytes" "$disk"; }
  put /var/lib/drbd/drbd-minor-$2.lkbd 0644 && drbdadm check-resize "$1" </dev/null || return 1
  now=$(superblock "$3" end)
  if [ "$now" = "$before" ]; then return 0; fi
  echo "the metadata of $1 is not at the end of $3: $now, and it was $before"; return 1
}

# metadata_of_84 MINOR DEVICE PLACE GI: the guard before drbdmeta converts it. Of any other metadata, or of none, drbdmeta would
# make new metadata of its own, with --force unasked.
metadata_of_84() {
  now=$(gi "$1" "$2" "$3")
  if [ "$now" = "v08 $4" ]; then return 0; fi
  echo "the metadata on $2 is not what it was when this was planned, v08 $4: $now"; return 1
}

# metadata_of_9 MINOR DEVICE PLACE CURRENT: what it was converted to has the generation that it had.
metadata_of_9() {
  now=$(gi "$1" "$2" "$3")
  case $now in v09*" $4:"*) return 0 ;; esac
  echo "the metadata on $2 was converted, and its generation is not $4: $now"; return 1
}

# metadata_bytes BYTES: what internal metadata takes of a disk, and what it leaves unused behind it (metadata-size.ts).
metadata_bytes() { echo $(( 36864 + ((($1 + 4095) / 4096 + 63) / 64 * 8 + 4095) / 4096 * 4096 + $1 % 4096 )); }

# blank_before_metadata DISK: nothing stands in front of its internal metadata.
blank_before_metadata() {
  bytes=$(blockdev --getsize64 "$1") || return 1
  now=$(contents "$1" "$(metadata_bytes "$bytes")")
  case $now in zero*) return 0 ;; esac
  echo "$1 is not blank in front of its metadata: $now"; return 1
}

# never_used RESOURCE: its own generation identifiers say that it was just created.
never_used() {
  now=$(drbdadm get-gi "$1" </dev/null 2>&1)
  case $now in 0000000000000004:0000000000000000:0000000000000000:0000000000000000:*) return 0 ;; esac
  echo "the generation identifiers of $1 are not those of a new device: $now"; return 1
}

# state RESOURCE[/VOLUME]: what the kernel says of it, or of that volume and its resource; \`said KEY\` then sets value to one of
# its words, or to nothing.
state() {
  now=$(drbdsetup events2 --now "${"$"}{1%%/*}" </dev/null 2>&1)
  case $1 in */*) now=$(printf '%s\n' "$now" | awk -v volume="volume:${"$"}{1#*/}" '{ other = 0; for (i = 1; i <= NF; i++) if ($i ~ /^volume:/ && $i != volume) other = 1; if (!other) print }') ;; esac
}
said() { case $now in *" $1:"*) set -- ${"$"}{now#*" $1:"}; value=$1 ;; *) value= ;; esac; }

# wait_connected RESOURCE SECONDS: connected, and done with the handshake that tells whose data is newer, before which the
# kernel (8.4.11) says Connected, too.
wait_connected() {
  turns=$(( $2 * 5 ))
  while :; do
    state "$1"
    said replication; met=$value
    said connection
    if [ "$value" = Connected ]; then if [ "$met" != Off ]; then return 0; fi; value="in the handshake"; fi
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ] || [ "$value" = StandAlone ]; then echo "$1 is ${"$"}{value:-unconfigured}, not connected to its peer: is the port open both ways on the replication addresses?"; return 1; fi
    sleep 0.2
  done
}

# wait_up_to_date RESOURCE SECONDS: connected, and this side's disk is whole and the newest. What is being filled from its
# peer is not made Primary: the peer could go in the middle of it.
wait_up_to_date() {
  wait_connected "$1" "$2" || return 1
  turns=$(( $2 * 5 ))
  while :; do
    said disk
    case $value in UpToDate) return 0 ;; Inconsistent) turns=0 ;; esac
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ]; then echo "the disk of $1 is ${"$"}{value:-not attached}: it is made Primary once it is UpToDate"; return 1; fi
    sleep 0.2
    state "$1"
  done
}

# wait_settled RESOURCE SECONDS: none of its disks, of whatever volume, is on its way to another state (kernel-states.ts).
wait_settled() {
  turns=$(( $2 * 5 ))
  while :; do
    state "$1"
    case $now in *" disk:Attaching"*|*" disk:Detaching"*|*" disk:Negotiating"*) ;; *) return 0 ;; esac
    turns=$(( turns - 1 ))
    if [ $turns -le 0 ]; then
      echo "a disk of $1 is on its way to another state still, after $2 s: $(printf '%s\n' "$now" | sed -n 's/.* disk:\([A-Z][a-z]*ing\).*/\1/p' | head -n 1)"; return 1
    fi
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

# force_primary RESOURCE[/VOLUME] [VOLUME MARK]...: what begins a pair's life, or a volume's. The mark of each volume then names
# the generation that this began, and is on the disk when this ends. It has its place there before, with what names no generation and lets nobody format: on a full disk
# nothing is forced. Written over and not anew, so that it needs no more room.
force_primary() {
  word=$1; shift
  for mark in "$@"; do
    case $mark in /*) ;; *) continue ;; esac
    folder=${"$"}{mark%/*}
    [ -d "$folder" ] || mkdir -p "$folder" || return
    echo 0000000000000004 >"$mark" && sync "$folder" "$mark" || return
  done
  drbdadm primary --force "$word" </dev/null || return
  while [ $# -gt 0 ]; do
    now=$(drbdadm get-gi "$1" </dev/null) || return
    echo "${"$"}{now%%:*}" 1<>"$2" && sync "$2" || return
    shift 2
  done
}

# sync_ended RESOURCE: this side was filled, and knows that no sync runs any more.
sync_ended() {
  state "$1"
  said connection; all=$value; said disk; all=$all/$value; said peer-disk; all=$all/$value; said replication; all=$all/$value
  if [ "$all" = Connected/UpToDate/UpToDate/Established ]; then return 0; fi
  echo "$1 is $all here, not Connected/UpToDate/UpToDate/Established"; return 1
}

# not_standalone RESOURCE: a side that was disconnected on purpose, or after a split brain, stays so.
not_standalone() {
  now=$(drbdadm cstate "$1" </dev/null 2>/dev/null)
  # Of several volumes each has a line.
  if [ "${"$"}{now%%"$newline"*}" = StandAlone ]; then echo "$1 is StandAlone now"; return 1; fi
}

# nobody_holds DEVICE: no process has it open, by whatever name, it is mounted nowhere, and no other device stands on it.
# Asked more than once: udev and others open a device for a moment.
nobody_holds() {
  for turn in 1 2 3 4; do
    held=$(holders_of "$1")
    if [ -z "$held" ]; then return 0; fi
    sleep 0.5
  done
  echo "$1 is held open by $held"; return 1
}

holders_of() {
  perl -e '
    my $device = (stat $ARGV[0])[6]; exit unless $device;
    my %by;
    for my $open (glob "/proc/[0-9]*/fd/*") {
      my @found = stat $open or next;
      next unless -b _ && $found[6] == $device;
      my ($pid) = $open =~ m{^/proc/(\d+)/}; next if $pid == $$;
      open(my $comm, "<", "/proc/$pid/comm") or next; my $name = <$comm>; chomp $name; $by{$pid} = "$name (pid $pid)";
    }
    # A mount is no open file of any process, and may be in a namespace that is not ours.
    my $number = sprintf("%d:%d", $device >> 8 & 0xfff, $device & 0xff | $device >> 12 & 0xfff00);
    my %mounts;
    for my $file (glob "/proc/[0-9]*/mountinfo") {
      open(my $mounts, "<", $file) or next;
      while (<$mounts>) { my (undef, undef, $of, undef, $at) = split; $mounts{"the mount on $at"} = 1 if $of eq $number }
    }
    my ($kname) = $ARGV[0] =~ m{([^/]+)$};
    my @devices = map { m{([^/]+)$}; "the device $1 on it" } glob "/sys/class/block/$kname/holders/*";
    print join(", ", map({ $by{$_} } sort { $a <=> $b } keys %by), sort(keys %mounts), @devices);
  ' "$1"
}

# is_attached RESOURCE: it has its disk, and has not parted from its peer.
is_attached() {
  state "$1"
  said connection; all=$value; said disk
  case $all/$value in StandAlone/*|/*|*/|*/Diskless) echo "$1 is $all/$value here, not up with its disk"; return 1 ;; esac
}

is_primary() { state "$1"; said role; [ "$value" = Primary ] || { echo "$1 is ${"$"}{value:-down} here, not Primary"; return 1; }; }
is_secondary() { state "$1"; said role; [ "$value" = Secondary ] || { echo "$1 is ${"$"}{value:-down} here, not Secondary"; return 1; }; }

# is_half_up RESOURCE: a \`drbdadm up\` failed on its way: nobody uses it, and it is not connected.
is_half_up() {
  state "$1"
  said role; all=$value; said connection; all=$all/$value
  case $all in Secondary/|Secondary/StandAlone) return 0 ;; esac
  echo "$1 is $all here, not Secondary/StandAlone"; return 1
}

# mount_device DEVICE DIRECTORY: mounts by the directory's line in fstab. Done, too, where it is mounted there already.
mount_device() {
  refused=$(mount "$2" </dev/null 2>&1) && return 0; code=$?
  # By the device's number, whatever name it was mounted by; what was mounted last is what is seen there.
  there=$(place=$2 awk '{ gsub(/\\040/, " ", $5); gsub(/\\134/, "\\", $5) } $5 == ENVIRON["place"] { found = $3 } END { print found }' /proc/self/mountinfo)
  if [ "$there" = "147:${"$"}{1#/dev/drbd}" ]; then return 0; fi
  echo "$refused"; return $code
}

# installed_but PATH…: drbd's configuration as drbdadm comes to it from /etc/drbd.conf, wherever its includes lead, without
# some of its files: for drbdadm's standard input, from where drbdadm-84 cannot follow an include.
installed_but() {
  perl -e '
    use File::Glob;
    my %passed; my $out = "";
    sub which_file { my @of = stat($_[0]); @of ? "$of[0]:$of[1]" : $_[0] }
    $passed{which_file($_)} = 1 for @ARGV;
    sub follow {
      my ($path) = @_; my ($folder) = $path =~ m{^(.*)/};
      return if $passed{which_file($path)}++;
      # What drbdadm could not read either: it says so itself.
      open(my $in, "<", $path) or do { $out .= "include \"$path\";\n"; return };
      my $text = do { local $/; <$in> }; my $depth = 0; $text = "" unless defined $text;
      while ($text =~ /\G(?:(#[^\n]*)|("(?:[^"\\\n]|\\[^\n])*"?)|([{};])|([^\s{};"#]+)|(\s+))/gc) {
        my ($all, $comment, $mark, $word) = ($&, $1, $3, $4);
        next if defined $comment;
        $depth += $mark eq "{" ? 1 : $mark eq "}" ? -1 : 0 if defined $mark;
        if (!defined $word || !($word eq "template-file" || $word eq "include" && $depth == 0)
          || $text !~ /\G(?:\s|#[^\n]*\n)*("[^"\n]*"|[^\s{};"#]+)\s*;/gc) { $out .= $all; next }
        (my $pattern = $1) =~ s/"//g; $pattern = "$folder/$pattern" unless $pattern =~ m{^/};
        if ($word eq "template-file") { $out .= "template-file \"$pattern\";"; next }
        my @found = File::Glob::bsd_glob($pattern, 0);
        $out .= "include \"$pattern\";" if !@found && $pattern !~ /[*?\[]/;
        $out .= "\n"; follow($_) for @found;
      }
      $out .= "\n";
    }
    if (-e "/etc/drbd.conf") { follow("/etc/drbd.conf") }
    else { follow($_) for File::Glob::bsd_glob("/etc/drbd.d/global_common.conf", 0), File::Glob::bsd_glob("/etc/drbd.d/*.res", 0) }
    $out =~ s/^\s*\n//mg; print $out;
  ' "$@"
}

# put FILE 0600|0644: what the function text prints becomes FILE at once or not at all. Synced before it is renamed, so that a
# power cut leaves the old file or the new one, never an empty one.
put() {
  directory=${"$"}{1%/*}
  [ -d "$directory" ] || mkdir -p "$directory" || return 1
  fresh=$directory/.${"$"}{1##*/}.pulumi-drbd
  [ ! -e "$fresh" ] || rm -f "$fresh" || return 1
  case $2 in 0644) umask 022 ;; *) umask 077 ;; esac
  # Where the shell cannot write it, it says "I/O error" only: cat says why.
  { text >"$fresh" || { text | cat >"$fresh"; }; } && sync "$fresh" && mv -f "$fresh" "$1"; code=$?
  umask 022
  [ $code = 0 ] || rm -f "$fresh"
  return $code
}

# make_folder PATH NOTE: with its parents. Which of them were missing is noted before, deepest first: they can be taken away
# again, and no others.
make_folder() {
  [ ! -d "$1" ] || return 0
  missing= at=$1
  while [ -n "$at" ] && [ ! -d "$at" ]; do missing=$missing$at${"$"}{newline}; at=${"$"}{at%/*}; done
  note=$2
  text() { [ ! -e "$note" ] || cat "$note"; printf '%s' "$missing"; }
  put "$note" 0644 && mkdir -p "$1"
}

# remove_folders NOTE: what make_folder made, where it is empty.
remove_folders() {
  if [ -e "$1" ]; then while read -r folder; do rmdir "$folder" 2>/dev/null || :; done <"$1"; rm -f "$1" || return; fi
  rmdir "${"$"}{1%/*}" 2>/dev/null || :
}

# holders DEVICE [MOUNT_POINT]: who has a device or what is mounted from it in use, for a person, on a host that may have
# neither fuser nor lsof. Processes in other mount namespaces (services, containers) keep mounts of their own.
holders() {
  perl -e '
    my ($device, $place) = @ARGV; my ($number) = $device =~ m{/(drbd\d+)$}; my $said = 0;
    sub say_it { print "in use: $_[0]\n" if $said++ < 20 }
    sub line { my ($file) = @_; open(my $in, "<", $file) or return ""; my $first = <$in>; $first = "" unless defined $first; chomp $first; $first }
    my $own = readlink("/proc/self/ns/mnt"); $own = "" unless defined $own;
    my %ours; for (my $pid = $$; $pid > 1; ) { $ours{$pid} = 1; my $stat = line("/proc/$pid/stat"); last unless $stat =~ /\) \S (\d+)/; $pid = $1 }
    for my $proc (sort { $a <=> $b } map { m{/proc/(\d+)$} ? $1 : () } glob("/proc/[0-9]*")) {
      next if $ours{$proc};
      my %found;
      for my $link ("cwd", "root", "exe", map { m{(fd/\d+)$} ? $1 : () } glob("/proc/$proc/fd/*")) {
        my $to = readlink("/proc/$proc/$link"); next unless defined $to;
        $found{$to} = 1 if $to eq $device || (defined $place && ($to eq $place || index($to, "$place/") == 0));
      }
      if (defined $place && open(my $maps, "<", "/proc/$proc/maps")) {
        while (<$maps>) { $found{$1} = 1 if m{ (/.*)$} && index($1, "$place/") == 0 }
      }
      my $space = readlink("/proc/$proc/ns/mnt");
      if (defined $space && $space ne $own && open(my $mounts, "<", "/proc/$proc/mountinfo")) {
        # What is shared with this namespace goes when it is unmounted here.
        while (<$mounts>) { $found{"mounted on $1 in a mount namespace of its own"} = 1 if m{^\S+ \S+ \S+ \S+ (\S+) \S+ (.*?)- \S+ \Q$device\E } && $2 !~ /(?:master|shared):/ }
      }
      my @what = sort keys %found; next unless @what;
      my $name = line("/proc/$proc/comm");
      say_it("process $proc ($name): " . join(", ", @what > 3 ? (@what[0 .. 2], "and " . (@what - 3) . " more") : @what));
    }
    if (open(my $mounts, "<", "/proc/self/mountinfo")) {
      while (<$mounts>) {
        my ($at, $from) = m{^\S+ \S+ \S+ \S+ (\S+) .* - \S+ (\S+) } or next;
        say_it("$from is mounted below it, on $at") if defined $place && index($at, "$place/") == 0;
        say_it("it is mounted on $at") if !defined $place && $from eq $device;
      }
    }
    if (defined $number) {
      for my $holder (map { m{/([^/]+)$} ? $1 : () } glob("/sys/block/$number/holders/*")) {
        my $name = line("/sys/block/$holder/dm/name"); my $lvm = line("/sys/block/$holder/dm/uuid") =~ /^LVM-/;
        say_it($name eq "" ? "the device /dev/$holder stands on it" : ($lvm ? "the logical volume " : "the device-mapper device ") . "/dev/mapper/$name stands on it" . ($lvm ? " (vgchange -an takes its volume group down)" : ""));
      }
    }
    for my $file (glob("/sys/block/loop*/loop/backing_file")) {
      my $backing = line($file); my ($loop) = $file =~ m{/(loop\d+)/};
      say_it("/dev/$loop stands on $backing") if $backing eq $device || (defined $place && index($backing, "$place/") == 0);
    }
    if (open(my $swaps, "<", "/proc/swaps")) {
      while (<$swaps>) { my ($at) = split; say_it("swap is on $at") if $at eq $device || (defined $place && index($at, "$place/") == 0) }
    }
    if (defined $place && open(my $exports, "<", "/proc/fs/nfsd/exports")) {
      while (<$exports>) { my ($at) = split; say_it("the NFS server exports $at") if $at eq $place || index($at, "$place/") == 0 }
    }
  ' "$@" 2>&1
}
`;
