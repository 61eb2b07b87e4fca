# holders.sh: what stands in the way of a program that wants a device for itself.
my $device = (stat $ARGV[0])[6]; exit unless $device;
my @pids = grep { /^\d+$/ } names("/proc/");
my %by;
for my $pid (grep { $_ != $$ } @pids) {
  for my $open (names("/proc/$pid/fd")) {
    my @found = stat "/proc/$pid/fd/$open" or next;
    next unless -b _ && $found[6] == $device;
    open(my $comm, "<", "/proc/$pid/comm") or next; my $name = <$comm>; chomp $name; $by{$pid} = "$name (pid $pid)";
  }
}
# A mount is no open file of any process, and may be in a namespace that is not ours.
my $number = sprintf("%d:%d", $device >> 8 & 0xfff, $device & 0xff | $device >> 12 & 0xfff00);
my %mounts;
for my $pid (@pids) {
  open(my $mounts, "<", "/proc/$pid/mountinfo") or next;
  while (<$mounts>) { my (undef, undef, $of, undef, $at) = split; $mounts{"the mount on $at"} = 1 if $of eq $number }
}
my ($kname) = $ARGV[0] =~ m{([^/]+)$};
my @devices = map { "the device $_ on it" } sort(names("/sys/class/block/$kname/holders"));
print join(", ", map({ $by{$_} } sort { $a <=> $b } keys %by), sort(keys %mounts), @devices);
