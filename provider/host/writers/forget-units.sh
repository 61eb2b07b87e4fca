# Units that systemd takes for stopped, while what they stand for runs on.

# forget_units UNIT…: a plain stop of drbd@r0.service takes r0 down, one of drbd-primary@r0.service demotes it, and with their
# targets goes the mount that requires them. So their stop commands are taken from them first, until the next boot at most,
# and nothing is stopped beside them. Where systemd has the commands still, nothing is stopped at all.
forget_units() {
  dropped=zz-pulumi-drbd.conf code=0
  for unit; do
    case $unit in *.service) ;; *) continue ;; esac
    mkdir -p "/run/systemd/system/$unit.d" || return
    printf '[Service]\nExecStop=\nExecStopPost=\n' >"/run/systemd/system/$unit.d/$dropped" || return
  done
  systemctl daemon-reload || return
  for unit; do
    case $unit in *.service) ;; *) continue ;; esac
    left=$(systemctl show --value --property=ExecStop --property=ExecStopPost "$unit") || return
    [ -z "$left" ] || { printf 'systemd would run this still, to stop %s: %s\n' "$unit" "$left"; return 1; }
  done
  systemctl stop --job-mode=ignore-dependencies "$@" || code=$?
  for unit; do
    [ ! -d "/run/systemd/system/$unit.d" ] || {
      rm -f "/run/systemd/system/$unit.d/$dropped"
      rmdir "/run/systemd/system/$unit.d" 2>/dev/null || :
    }
  done
  return $code
}
