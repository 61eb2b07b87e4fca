# filesystem.sh: how many bytes a filesystem takes.
open(my $disk, "<:raw", $ARGV[0]) or exit; sysread($disk, my $head, 4096) == 4096 or exit;
if (substr($head, 0, 4) eq "XFSB") { my ($block, $high, $low) = unpack("N3", substr($head, 4, 12)); print $block * ($high * 4294967296 + $low), "\n" }
elsif (unpack("v", substr($head, 1080, 2)) == 0xEF53) {
  my $high = unpack("V", substr($head, 1120, 4)) & 0x80 ? unpack("V", substr($head, 1360, 4)) : 0;
  print((($high * 4294967296) + unpack("V", substr($head, 1028, 4))) * (1024 << unpack("V", substr($head, 1048, 4))), "\n");
}
