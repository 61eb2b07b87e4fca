# drbd's configuration as it is installed.

# installed_but PATH…: drbd's configuration as drbdadm comes to it from /etc/drbd.conf, wherever its includes lead, without
# some of its files: for drbdadm's standard input, from where drbdadm-84 cannot follow an include.
installed_but() { perl -e "$installed_but_pl" "$@"; }
