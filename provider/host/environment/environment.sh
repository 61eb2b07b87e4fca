# What every script begins with: the programs' language, where they are, and who may read what is written.

LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022
newline='
'
