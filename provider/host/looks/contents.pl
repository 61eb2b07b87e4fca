# contents.sh: whether all places of a disk are zero.
open(my $disk, "<:raw", $ARGV[0]) or die "open: $!\n";
my $size = sysseek($disk, 0, 2) - ($ARGV[1] || 0);
for (places($size)) {
  my $block = at($disk, @$_);
  next if $block eq "\0" x length $block;
  $block =~ /[^\0]/;
  print("data ", $_->[0] + $-[0], "\n"), exit 0;
}
print "zero ", $size + 0, "\n";
