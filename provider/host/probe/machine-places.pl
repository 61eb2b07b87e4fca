# machines.sh: where the paths lead that a definition on the standard input names, and those in the arguments. A line each, `place`
# or, for what an image stands on, `behind`; the two paths are in hexadecimal digits.
use Cwd (); use strict;
my $definition = do { local $/; <STDIN> }; $definition = "" unless defined $definition;
my %plain = (lt => "<", gt => ">", amp => "&", quot => "\"", apos => "'");
my @paths = @ARGV;
while ($definition =~ m{<source\b([^>]*)>|<(?:nvram|kernel|initrd|dtb)\b[^>]*>([^<]*)<}g) {
  my ($attributes, $text) = ($1, $2);
  if (defined $text) { push @paths, $text }
  else { while ($attributes =~ m{\b(?:file|dev|dir)=(["'])(.*?)\1}g) { push @paths, $2 } }
}
s/&(lt|gt|amp|quot|apos);/$plain{$1}/g for @paths[@ARGV .. $#paths];
# As readlink -m does: what is not there ends where it would be.
sub place {
  my ($path) = @_; my $rest = "";
  while ($path =~ m{^/}) {
    if (-e $path) { my $real = Cwd::realpath($path); return ($real eq "/" ? "" : $real) . $rest if defined $real }
    my $to = readlink($path);
    if (defined $to && length($rest) < 4000) { my ($folder) = $path =~ m{^(.*)/}; $path = $to =~ m{^/} ? $to : "$folder/$to"; next }
    last unless $path =~ s{/([^/]*)$}{}; $rest = "/$1$rest"; $path = "/" if $path eq "";
    last if $path eq "/";
  }
  return $rest eq "" ? $path : $rest;
}
sub said { my ($word, @two) = @_; print join(" ", $word, map { unpack("H*", $_) } @two), "\n" }
my %known;
for my $path (grep { !$known{$_}++ } @paths) {
  my $place = place($path); said("place", $path, $place);
  next unless -f $place;
  # It says so as well of an image that a guest has open.
  open(my $image, "-|", "sh", "-c", "exec timeout 20 qemu-img info -U --backing-chain -- \"\$0\" 2>/dev/null", $place) or next;
  while (<$image>) { said("behind", $path, place($1)) if m{^image: (.*)$} && place($1) ne $place }
  close($image);
}
