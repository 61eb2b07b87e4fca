# drbd-takeover: whether anybody answers at HOST on each PORT, by TCP. A refused connection is an answer, too.
use Socket; use Fcntl; use Errno qw(EINPROGRESS ECONNREFUSED);
my ($host, @ports) = @ARGV;
$| = 1;
# The resolver may hang for longer than anybody waits at night: the signal then ends this process.
alarm 12;
my ($failed, @found) = Socket::getaddrinfo($host, "", { socktype => SOCK_STREAM });
if ($failed) { print "$host - unknown\n"; exit }
my ($family, $to) = @{$found[0]}{qw(family addr)};
# Only an address of this host's own can be bound here.
if (socket(my $own, $family, SOCK_STREAM, 0)) {
  my $here = $family == AF_INET ? sockaddr_in(0, (sockaddr_in($to))[1]) : Socket::pack_sockaddr_in6(0, (Socket::unpack_sockaddr_in6($to))[1]);
  if (bind($own, $here)) { print "$host - own\n"; exit }
}
my %open;
for my $port (@ports) {
  my $there = $family == AF_INET ? sockaddr_in($port, (sockaddr_in($to))[1]) : Socket::pack_sockaddr_in6($port, (Socket::unpack_sockaddr_in6($to))[1], (Socket::unpack_sockaddr_in6($to))[2]);
  socket(my $try, $family, SOCK_STREAM, 0) or next;
  fcntl($try, F_SETFL, O_NONBLOCK);
  if (connect($try, $there)) { print "$host $port accepted\n" }
  elsif ($! == EINPROGRESS) { $open{$port} = $try }
  else { say_it($port, $! + 0) }
}
sub say_it { my ($port, $code) = @_; local $! = $code; my $why = "$!"; print "$host $port ", $code == 0 ? "accepted" : $code == ECONNREFUSED ? "refused" : "silent $why", "\n" }
my $end = time + 4;
while (%open && time < $end) {
  my $wait = ""; vec($wait, fileno($open{$_}), 1) = 1 for keys %open;
  select(undef, my $ready = $wait, undef, 0.5) > 0 or next;
  for my $port (sort keys %open) {
    next unless vec($ready, fileno($open{$port}), 1);
    say_it($port, unpack("i", getsockopt($open{$port}, SOL_SOCKET, SO_ERROR))); delete $open{$port};
  }
}
print "$host $_ silent\n" for sort keys %open;
