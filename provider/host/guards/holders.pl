# holders.sh: who has a device or its mount in use, in words for a person; but for the units of systemd in $passed_units,
# and the virtual machines of libvirt in $passed_guests, a line each.
my ($device, $place) = @ARGV; my ($number) = $device =~ m{/(drbd\d+)$}; my $said = 0;
sub say_it { print "in use: $_[0]\n" if $said++ < 20 }
sub line { my ($file) = @_; open(my $in, "<", $file) or return ""; my $first = <$in>; $first = "" unless defined $first; chomp $first; $first }
my $own = readlink("/proc/self/ns/mnt"); $own = "" unless defined $own;
my %passed = map { $_ => 1 } split / /, defined $ENV{passed_units} ? $ENV{passed_units} : "";
my %guests = map { $_ => 1 } split /\n/, defined $ENV{passed_guests} ? $ENV{passed_guests} : "";
my %ours; for (my $pid = $$; $pid > 1; ) { $ours{$pid} = 1; my $stat = line("/proc/$pid/stat"); last unless $stat =~ /\) \S (\d+)/; $pid = $1 }
# A process in another mount namespace may mean another folder by the same path.
my $dev = defined $place ? (stat $place)[0] : undef;
my $on = defined $dev ? sprintf("%02x:%02x", $dev >> 8 & 0xfff, $dev & 0xff | $dev >> 12 & 0xfff00) : "";
for my $proc (sort { $a <=> $b } grep { /^\d+$/ } names("/proc/")) {
  next if $ours{$proc};
  my %found;
  my $space = readlink("/proc/$proc/ns/mnt");
  my $apart = defined $space && $space ne $own && defined $dev;
  for my $link ("cwd", "root", "exe", map { "fd/$_" } names("/proc/$proc/fd")) {
    my $to = readlink("/proc/$proc/$link"); next unless defined $to;
    my $below = defined $place && ($to eq $place || index($to, "$place/") == 0);
    if ($below && $apart) { my $of = (stat "/proc/$proc/$link")[0]; $below = !defined $of || $of == $dev }
    $found{$to} = 1 if $to eq $device || $below;
  }
  if (defined $place && open(my $maps, "<", "/proc/$proc/maps")) {
    while (<$maps>) { $found{$2} = 1 if m{^\S+ \S+ \S+ (\S+) \d+ +(/.*)$} && index($2, "$place/") == 0 && (!$apart || $1 eq $on) }
  }
  if (defined $space && $space ne $own && open(my $mounts, "<", "/proc/$proc/mountinfo")) {
    # What is shared with this namespace goes when it is unmounted here.
    while (<$mounts>) { $found{"mounted on $1 in a mount namespace of its own"} = 1 if m{^\S+ \S+ \S+ \S+ (\S+) \S+ (.*?)- \S+ \Q$device\E } && $2 !~ /(?:master|shared):/ }
  }
  my @what = sort keys %found; next unless @what;
  if (%passed && open(my $groups, "<", "/proc/$proc/cgroup")) { next if grep { $passed{$_} } map { chomp; split m{/} } <$groups> }
  if (%guests && line("/proc/$proc/cmdline") =~ m{\0-name\0guest=((?:[^,\0]|,,)*)}) { my $guest = $1; $guest =~ s/,,/,/g; next if $guests{$guest} }
  my $name = line("/proc/$proc/comm");
  say_it("process $proc ($name): " . join(", ", @what > 3 ? (@what[0 .. 2], "and " . (@what - 3) . " more") : @what));
}
if (open(my $mounts, "<", "/proc/self/mountinfo")) {
  while (<$mounts>) {
    my ($at, $from) = m{^\S+ \S+ \S+ \S+ (\S+) .* - \S+ (\S+) } or next;
    say_it("$from is mounted below it, on $at") if defined $place && index($at, "$place/") == 0;
    say_it("it is mounted on $at") if !defined $place && $from eq $device;
  }
}
if (defined $number) {
  for my $holder (sort(names("/sys/block/$number/holders"))) {
    my $name = line("/sys/block/$holder/dm/name"); my $lvm = line("/sys/block/$holder/dm/uuid") =~ /^LVM-/;
    say_it($name eq "" ? "the device /dev/$holder stands on it" : ($lvm ? "the logical volume " : "the device-mapper device ") . "/dev/mapper/$name stands on it" . ($lvm ? " (vgchange -an takes its volume group down)" : ""));
  }
}
for my $loop (sort grep { /^loop\d+$/ } names("/sys/block/")) {
  my $backing = line("/sys/block/$loop/loop/backing_file");
  say_it("/dev/$loop stands on $backing") if $backing eq $device || (defined $place && index($backing, "$place/") == 0);
}
if (open(my $swaps, "<", "/proc/swaps")) {
  while (<$swaps>) { my ($at) = split; say_it("swap is on $at") if $at eq $device || (defined $place && index($at, "$place/") == 0) }
}
if (defined $place && open(my $exports, "<", "/proc/fs/nfsd/exports")) {
  while (<$exports>) { my ($at) = split; say_it("the NFS server exports $at") if $at eq $place || index($at, "$place/") == 0 }
}
