# configuration.sh: prints the text of all that drbdadm reads, but of the files that it is given.
use File::Glob;
my %passed; my $out = "";
sub which_file { my @of = stat($_[0]); @of ? "$of[0]:$of[1]" : $_[0] }
$passed{which_file($_)} = 1 for @ARGV;
sub follow {
  my ($path) = @_; my ($folder) = $path =~ m{^(.*)/};
  return if $passed{which_file($path)}++;
  # What drbdadm could not read either: it says so itself.
  open(my $in, "<", $path) or do { $out .= "include \"$path\";\n"; return };
  my $text = do { local $/; <$in> }; my $depth = 0; $text = "" unless defined $text;
  while ($text =~ /\G(?:(#[^\n]*)|("(?:[^"\\\n]|\\[^\n])*"?)|([{};])|([^\s{};"#]+)|(\s+))/gc) {
    my ($all, $comment, $mark, $word) = ($&, $1, $3, $4);
    next if defined $comment;
    $depth += $mark eq "{" ? 1 : $mark eq "}" ? -1 : 0 if defined $mark;
    if (!defined $word || !($word eq "template-file" || $word eq "include" && $depth == 0)
      || $text !~ /\G(?:\s|#[^\n]*\n)*("[^"\n]*"|[^\s{};"#]+)\s*;/gc) { $out .= $all; next }
    (my $pattern = $1) =~ s/"//g; $pattern = "$folder/$pattern" unless $pattern =~ m{^/};
    if ($word eq "template-file") { $out .= "template-file \"$pattern\";"; next }
    my @found = File::Glob::bsd_glob($pattern, 0);
    $out .= "include \"$pattern\";" if !@found && $pattern !~ /[*?\[]/;
    $out .= "\n"; follow($_) for @found;
  }
  $out .= "\n";
}
if (-e "/etc/drbd.conf") { follow("/etc/drbd.conf") }
else { follow($_) for File::Glob::bsd_glob("/etc/drbd.d/global_common.conf", 0), File::Glob::bsd_glob("/etc/drbd.d/*.res", 0) }
$out =~ s/^\s*\n//mg; print $out;
