# drbd's configuration as it is installed.

# installed_but PATH…: drbd's configuration as drbdadm comes to it from /etc/drbd.conf, wherever its includes lead, without
# some of its files: for drbdadm's standard input, from where drbdadm-84 cannot follow an include.
installed_but() { perl -e "$follow_includes_pl$installed_but_pl" "$@"; }

# tell_includes: what drbdadm comes to from /etc/drbd.conf, in lines:
#   include FILE, as WRITTEN, pattern PATTERN: three for each include
#   file PATH: each file that it reads
#   unread missing|dangling|strange|large|many|closed PATH: what leads to no file that could be told
#   kept PATH: what is kept of files that ours took the place of
tell_includes() { perl -e "$follow_includes_pl$tell_includes_pl"; }

# has_usual_includes: whether /etc/drbd.conf has both includes that drbd-utils installs, and nothing else.
has_usual_includes() {
  shared='' resources=''
  while read -r word rest || [ -n "$word" ]; do
    case $word in ''|'#'*) continue ;; esac
    case "$word $rest" in
      'include "drbd.d/global_common.conf";') shared=yes ;;
      'include "drbd.d/*.res";') resources=yes ;;
      *) return 1 ;;
    esac
  done < /etc/drbd.conf
  [ -n "$shared$resources" ] && [ "$shared" = "$resources" ]
}
