# metadata.sh: looks for metadata behind a filesystem.
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
