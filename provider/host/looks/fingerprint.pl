# contents.sh: prints all places of a disk.
open(my $disk, "<:raw", $ARGV[0]) or die "open: $!\n";
print at($disk, @$_) for places(sysseek($disk, 0, 2));
