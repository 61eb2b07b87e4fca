# zeros.sh: whether all that comes is zero, so many bytes of it; how far that is, every few seconds.
my ($disk, $want) = @ARGV; my ($at, $begun, $told, $before) = (0, time, time, 0); $| = 1;
my $zeros = "\0" x 1048576;
while (my $got = sysread(STDIN, my $block, 1048576)) {
  if ($block ne substr($zeros, 0, $got)) { $block =~ /[^\0]/; print "data ", $at + $-[0], "\n"; exit 0 }
  $at += $got;
  my $now = time; next if $now - $told < 5 || $at == $want;
  my $left = int(($want - $at) * ($now - $begun) / $at);
  printf "at %s: %.1f %% read, %d MiB/s, %d:%02d:%02d left\n", $disk, 100 * $at / $want, ($at - $before) / ($now - $told) / 1048576, $left / 3600, $left / 60 % 60, $left % 60;
  ($told, $before) = ($now, $at);
}
print $at == $want ? "zero $at\n" : "short $at\n";
