# drbd-takeover: whether anybody answers at HOST on each PORT, by TCP. A refused connection is an answer, too.
use Socket; use Fcntl; use Errno qw(EINPROGRESS ECONNREFUSED);
my ($host, @ports) = @ARGV;
$| = 1;
# The resolver may hang for longer than anybody waits at night: the signal then ends this process.
alarm 12;
my ($failed, @found) = Socket::getaddrinfo($host, "", { socktype => SOCK_STREAM });
if ($failed) { print "$host - unknown\n"; exit }
sub bare { my ($family, $at) = @_; $family == AF_INET ? (sockaddr_in($at))[1] : (Socket::unpack_sockaddr_in6($at))[1] }
sub with_port { my ($family, $at, $port) = @_; $family == AF_INET ? sockaddr_in($port, bare($family, $at)) : Socket::pack_sockaddr_in6($port, bare($family, $at), (Socket::unpack_sockaddr_in6($at))[2]) }
# To an address of this host's own the kernel would send from that address; all of 127.0.0.0/8 leads here. Nothing is sent.
sub is_own {
  my ($family, $at) = @_;
  return 1 if $family == AF_INET && ord(bare($family, $at)) == 127;
  socket(my $own, $family, SOCK_DGRAM, 0) or return 0;
  connect($own, with_port($family, $at, 9)) or return 0;
  my $from = getsockname($own);
  return defined $from && bare($family, $from) eq bare($family, $at);
}
my @others = grep { !is_own($_->{family}, $_->{addr}) } @found;
if (!@others) { print "$host - own\n"; exit }
my (%open, %said);
sub say_it { my ($port, $code) = @_; local $! = $code; my $why = "$!"; $said{$port}{$code == 0 ? "accepted" : $code == ECONNREFUSED ? "refused" : "silent $why"} = 1 }
for my $other (@others) {
  my ($family, $to) = @{$other}{qw(family addr)};
  for my $port (@ports) {
    socket(my $try, $family, SOCK_STREAM, 0) or next;
    fcntl($try, F_SETFL, O_NONBLOCK);
    if (connect($try, with_port($family, $to, $port))) { say_it($port, 0) }
    elsif ($! == EINPROGRESS) { $open{fileno($try)} = [$try, $port] }
    else { say_it($port, $! + 0) }
  }
}
my $end = time + 4;
while (%open && time < $end) {
  my $wait = ""; vec($wait, $_, 1) = 1 for keys %open;
  select(undef, my $ready = $wait, undef, 0.5) > 0 or next;
  for my $number (sort keys %open) {
    next unless vec($ready, $number, 1);
    my ($try, $port) = @{$open{$number}};
    say_it($port, unpack("i", getsockopt($try, SOL_SOCKET, SO_ERROR))); delete $open{$number};
  }
}
say_it($_->[1], 110) for values %open;
# Of several addresses of a name, one that answers is enough.
for my $port (@ports) {
  my @words = sort { ($a =~ /silent/) <=> ($b =~ /silent/) || $a cmp $b } keys %{$said{$port} || {}};
  print "$host $port $words[0]\n" if @words;
}
