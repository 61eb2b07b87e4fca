# The places of a disk that are looked at: the first and the last 1 MiB and 256 blocks of 4 KiB in between. create-md itself
# looks at 68 KiB, and so would pass over a disk whose head was zeroed.
sub places { my $size = shift; my @places = ([0, 1048576], [$size > 1048576 ? $size - 1048576 : 0, 1048576]);
  push @places, [int($size * $_ / 257 / 4096) * 4096, 4096] for 1 .. 256; @places }
sub at { my ($disk, $at, $want) = @_; sysseek($disk, $at, 0); my $got = sysread($disk, my $block, $want);
  defined $got or die "read at $at: $!\n"; $block }
