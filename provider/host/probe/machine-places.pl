# machines.sh: where the paths lead that a definition on the standard input names, and those in the arguments. A line each, `place`
# or, for what an image stands on, `behind`, with two paths; or `unread`, with a path and why that is not known. All are in
# hexadecimal digits.
use Cwd (); use strict;
my $definition = do { local $/; <STDIN> }; $definition = "" unless defined $definition;
my %plain = (lt => "<", gt => ">", amp => "&", quot => "\"", apos => "'");
my @paths = @ARGV;
while ($definition =~ m{<(?:source|varstore)\b([^>]*)>|<(?:nvram|kernel|initrd|dtb|path)\b[^>]*>([^<]*)<}g) {
  my ($attributes, $text) = ($1, $2);
  if (defined $text) { push @paths, $text }
  else { while ($attributes =~ m{\b(?:file|dev|dir|path)=(["'])(.*?)\1}g) { push @paths, $2 } }
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
# What an image stands on, by the headers of qcow and qcow2 (docs/interop/qcow2.txt of qemu): its backing file, its data file, and
# so on to the end. A guest may write what it likes to a raw disk: what is read there counts only for one that is not raw.
sub look_behind {
  my ($path) = @_; my %met; my ($image, $format) = ($path, "");
  while (!$met{place($image)}++) {
    my ($fault, $data, $backing, $kind) = header(place($image), $format);
    return said("unread", $path, "$image $fault") if defined $fault;
    for my $name (grep { defined } $data, $backing) {
      my $next = named($name, $image);
      return said("unread", $path, "$image stands on $name, which is no path") unless defined $next;
      said("behind", $path, place($next));
    }
    return unless defined $backing;
    return said("unread", $path, "more images stand one on the other than are followed") if keys %met > 200;
    ($image, $format) = (named($backing, $image), $kind);
  }
  said("unread", $path, "$image stands on itself");
}
# As qemu reads it: what has a colon before any slash is an address of another kind.
sub named {
  my ($name, $image) = @_; $name =~ s/^file://;
  return undef if $name =~ m{^[^/]*:};
  return $name if $name =~ m{^/};
  my ($folder) = $image =~ m{^(.*)/}; return "$folder/$name";
}
# What is wrong with an image, its data file, its backing file, and that one's format.
sub header {
  my ($place, $format) = @_;
  return "has the format $format, which is not looked into" if $format !~ /^(?:|raw|qcow2?)$/;
  # A side that is not Primary does not let it be opened; a file may be on the other side alone.
  return if $format eq "raw" || !(-f $place || $place =~ m{^/dev/drbd\d+$});
  open(my $image, "<:raw", $place) or return -f $place ? "cannot be read: $!" : ();
  my $at = sub { my ($from, $length) = @_; my $bytes = ""; seek($image, $from, 0); read($image, $bytes, $length) == $length ? $bytes : undef };
  my $head = $at->(0, 104); $head = $at->(0, 72) unless defined $head;
  if (!defined $head || $head !~ /^QFI\xfb/) {
    return $format eq "" && defined $head && $head =~ /^(?:QED\0|KDMV|COWD|# Disk Desc|conectix|vhdxfile|<<< )/ ? "is an image of a format that is not looked into" : ();
  }
  my ($version, $far, $from, $length, $bits) = unpack("x4 N5", $head);
  return "is of version $version of qcow, which is not known here" if $version > 3;
  return "has a damaged header" if $far || $length > 1023;
  my $backing = $from ? $at->($from, $length) : undef;
  return "has a damaged header" if $from && !defined $backing;
  my ($data, $kind) = (undef, "");
  return (undef, $data, $backing, $kind) if $version < 2;
  my ($has_data, $next) = $version == 3 && length $head == 104 ? (unpack("x76 N", $head) & 4, unpack("x100 N", $head)) : (0, 72);
  while (defined(my $extension = $at->($next, 8))) {
    my ($type, $size) = unpack("N2", $extension);
    last if $type == 0 || ($from && $next >= $from) || $size > 65536;
    $kind = $at->($next + 8, $size) if $type == 0xe2792aca;
    $data = $at->($next + 8, $size) if $type == 0x44415441;
    $next += 8 + int(($size + 7) / 8) * 8;
  }
  return "has a damaged header" unless defined $kind;
  return "has a data file whose name it does not tell" if $has_data && !defined $data;
  return (undef, $has_data ? $data : undef, $backing, $kind);
}
my %known;
for my $path (grep { !$known{$_}++ } @paths) { said("place", $path, place($path)); look_behind($path) if $path =~ m{^/} }
