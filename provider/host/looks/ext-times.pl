# last-written.sh: when an ext2 to ext4 was mounted and changed last, in seconds, from its first 4 KiB on standard input.
binmode STDIN; local $/; my $start = <STDIN>;
exit unless defined $start && length $start >= 2048 && unpack("v", substr $start, 0x438, 2) == 0xEF53;
my ($mounted, $changed) = unpack "VV", substr $start, 1024 + 44, 8;
print "mounted $mounted\n" if $mounted; print "changed $changed\n" if $changed;
