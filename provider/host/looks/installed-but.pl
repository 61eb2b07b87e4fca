# configuration.sh: prints the text of all that drbdadm reads, but of the files that it is given.
leave_out(@ARGV);
if (-e "/etc/drbd.conf") { follow("/etc/drbd.conf") }
else { follow($_) for found("/etc/drbd.d/global_common.conf"), found("/etc/drbd.d/*.res") }
$out =~ s/^\s*\n//mg; print $out;
