# filesystem.sh: an XFS' sector size and features, and whether mkfs.xfs has not finished it.
open(my $disk, "<:raw", $ARGV[0]) or exit; sysread($disk, my $head, 4096) == 4096 or exit; substr($head, 0, 4) eq "XFSB" or exit;
# Only version 5 has the words of features.
my @bits = (unpack("n", substr($head, 100, 2)) & 15) == 5 ? unpack("N2", substr($head, 212, 8)) : (0, 0);
printf("XFS=%d %d %d%s\n", unpack("n", substr($head, 102, 2)), @bits, ord(substr($head, 126, 1)) ? " unfinished" : "");
