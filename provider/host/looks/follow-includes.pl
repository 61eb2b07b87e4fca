# What drbdadm reads from a file on, wherever its includes lead, as both grammars of drbd-utils 9.22.0 have it: a pattern is
# relative to the folder of the file that has it, by the path that led there, and a file is read once, whatever its names.
use Cwd;
my (%left, %passed, @includes, @files, @unread); my $out = "";
# No drbd.conf of anybody's is larger, and none has more files.
my ($most_bytes, $most_files) = (4194304, 2000);

# As glob(3) takes one part of a path, by the letter. "[" without an end stands for itself.
sub like { my ($part) = @_; my $like = $part =~ /^\\?\./ ? "" : "(?!\\.)";
  while ($part =~ /\G(?:\\(.)|(\*)|(\?)|\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]|(.))/gcs) {
    my ($escaped, $any, $one, $not, $set, $other) = ($1, $2, $3, $4, $5, $6);
    if (defined $set) { $set =~ s/\\(\w)/$1/g; $set =~ s/\[(?!:)/\\[/g; $set =~ s/^([\]^])/\\$1/; $like .= "[" . ($not && "^") . "$set]" }
    else { $like .= $any ? ".*" : $one ? "." : quotemeta(defined $escaped ? $escaped : $other) }
  }
  eval { qr/^$like\z/s } || qr/(?!)/ }
sub found { my ($pattern) = @_; my (undef, @parts) = split m{/+}, $pattern; my @at = ("");
  for my $part (@parts) {
    my $like = $part =~ /[*?\[\\]/ ? like($part) : undef;
    @at = map { my $at = $_; my @names = ($part);
      if (defined $like) { my $in; @names = opendir($in, "$at/") ? sort grep { $_ =~ $like } readdir $in : () }
      grep { -e || -l } map { "$at/$_" } @names } @at;
  }
  @at }

# A path or a pattern as it is told: links to folders are followed, but /etc/drbd.d is called so, whatever it is a link to.
my $ours = "/etc/drbd.d";
sub place { my ($path) = @_; my ($folder, $rest) = $path =~ m{^((?:/+[^/*?\[\\]+)*)(/.*)$}s or return $path;
  my ($real, $own) = map { my $at = -d $_ ? Cwd::realpath($_) : undef; $at } $folder eq "" ? "/" : $folder, $ours;
  return $path unless defined $real; $real = "" if $real eq "/";
  $real =~ s{^\Q$own\E(?=/|$)}{$ours} if defined $own;
  $rest =~ s{/(?:\./|/)+}{/}g; "$real$rest" }

# What is left out is so under this name alone: by another one drbdadm reads it all the same.
sub leave_out { $left{place($_)} = 1 for @_ }

sub quoted { my ($text) = @_; $text =~ s/(["\\])/\\$1/g; "\"$text\"" }

# Its text goes to $out, each include replaced by what it leads to.
sub follow {
  my ($path, $by) = @_; my ($folder) = $path =~ m{^(.*)/}s; my $place = place($path);
  my $real = Cwd::realpath($path);
  return if $left{$place} || defined $real && $passed{$real}++;
  my $why = !-e $path ? ($by ? "dangling" : "missing") : !-f _ || $place =~ /\n/ ? "strange" : -s _ > $most_bytes ? "large" : "";
  $why = "many" if !$why && @files >= $most_files;
  my $in; $why = "closed" unless $why || open($in, "<", $path);
  # drbdadm could not read it either, or shall say itself what it makes of it: of a name that a pattern led to, another thing
  # than of one that was written.
  if ($why eq "dangling") { $path =~ s/(?=[*?\[\\])/\\/g; $path =~ s/(\w)\z/[$1]/ }
  if ($why) { push @unread, [$why, $place]; $out .= "include " . quoted($path) . ";\n"; return }
  push @files, $place;
  my $text = do { local $/; <$in> }; my $depth = 0; $text = "" unless defined $text;
  while ($text =~ /\G(?:(#[^\n]*)|("(?:[^"\\\n]|\\[^\n])*"?)|([{};])|([^\s{};"#]+)|(\s+))/gc) {
    my ($all, $comment, $mark, $word) = ($&, $1, $3, $4);
    next if defined $comment;
    $depth += $mark eq "{" ? 1 : $mark eq "}" ? -1 : 0 if defined $mark;
    if (!defined $word || !($word eq "template-file" || $word eq "include" && $depth == 0)
      || $text !~ /\G(?:\s|#[^\n]*\n)*("(?:[^"\\\n]|\\[^\n])*"|[^\s{};"#]+)(?:\s|#[^\n]*\n)*;/gc) { $out .= $all; next }
    my $written = $1; my $pattern = $written;
    if ($pattern =~ s/^"(.*)"$/$1/s) { $pattern =~ s/\\(.)/$1/g }
    $pattern = "$folder/$pattern" unless $pattern =~ m{^/};
    if ($word eq "template-file") { $out .= "template-file " . quoted($pattern) . ";"; next }
    push @includes, [$place, $written, place($pattern)];
    my @found = found($pattern);
    my $is_pattern = $pattern =~ /[*?\[]/;
    $out .= "\n"; follow($_, $is_pattern) for @found ? @found : $is_pattern ? () : $pattern;
  }
  $out .= "\n";
}
