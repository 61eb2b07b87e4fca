# metadata.sh: reads DRBD's own block of metadata.
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
