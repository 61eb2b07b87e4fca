# configuration.sh: prints what drbdadm comes to from /etc/drbd.conf: the includes, the files, and what of our users' own
# files is kept in their folders.
follow("/etc/drbd.conf");
my (%kept, @lines);
for my $include (@includes) {
  my ($from, $written, $pattern) = @$include;
  push @lines, "include $from", "as $written", "pattern $pattern";
  $pattern =~ s{[^/]*$}{*.before-pulumi-drbd*}; $kept{place($_)} = 1 for grep { -f } found($pattern);
}
push @lines, map("file $_", @files), map("unread $_->[0] $_->[1]", @unread), map("kept $_", sort keys %kept);
s/\n/?/g for @lines;
print "$_\n" for @lines;
