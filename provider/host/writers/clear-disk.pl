# clear-disk.sh: zeroes every place of a disk; what the disk is known by, last.
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
