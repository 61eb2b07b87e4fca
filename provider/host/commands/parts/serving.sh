# What is mounted and started where a resource is Primary.

# plan_serving RESOURCE: finds the units beforehand, so that nothing is to be looked for when time counts. It sets target and
# promotion to units, and mount_units to those of the mounts, in one line.
plan_serving() {
  target=$(target_of "$1") promotion=$(promotion_of "$1") mount_units=''
  with_systemd || return 0
  while read -r _ place; do
    [ -z "$place" ] || mount_units="$mount_units $(unit_of "$place")"
  done <<END
$mounts
END
  mount_units=${mount_units# }
}

# ends_by_itself SERVICE: whether it is one that does its work once and is inactive afterwards.
ends_by_itself() {
  case $(systemctl show --property=Type --property=RemainAfterExit "$1" </dev/null 2>/dev/null) in
    *Type=oneshot*RemainAfterExit=no*|*RemainAfterExit=no*Type=oneshot*) return 0 ;;
  esac
  return 1
}

# serve: mounts what is not mounted and starts what does not run. Where something fails it says what, and what to do: 3.
serve() {
  if [ -z "$mounts" ] && [ -z "$services" ]; then
    echo "No mount point and no service of $resource is known on $here: mount it, if it shall be mounted."
    return 0
  fi
  failed=''
  if with_systemd; then
    # shellcheck disable=SC2086 # several units
    if [ -n "$target" ]; then said=$(systemctl start "$target" </dev/null 2>&1)
    else said=$(systemctl start $mount_units $services </dev/null 2>&1); fi
  else
    said=''
    while read -r device place; do
      [ -n "$place" ] || continue
      is_mounted "${device#/dev/drbd}" "$place" || said=$said$(mount "$place" </dev/null 2>&1)
    done <<END
$mounts
END
  fi
  while read -r device place; do
    [ -n "$place" ] || continue
    if is_mounted "${device#/dev/drbd}" "$place"; then printf '%s is mounted on %s.\n' "$device" "$place"
    else failed="$failed$place$newline"; fi
  done <<END
$mounts
END
  stopped=''
  for service in $services; do
    if with_systemd && systemctl is-active --quiet "$service" </dev/null; then printf '%s runs.\n' "$(called "$service")"
    elif with_systemd && ends_by_itself "$service" && ! systemctl is-failed --quiet "$service" </dev/null; then
      printf '%s has run.\n' "$(called "$service")"
    else stopped="$stopped $service"; fi
  done
  [ -n "$failed$stopped" ] || return 0
  {
    echo "Failed half-way: $resource is Primary on $here, but not all of it is served:"
    [ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/  | /'
    printf '%s' "$failed" | while read -r place; do
      printf "  %s is not mounted. See why: \`mount %s\`, or \`journalctl -b -u %s\`. It is mounted by its line in /etc/fstab.\n" \
        "$place" "$(quoted "$place")" "$(quoted "$(unit_of "$place" 2>/dev/null)")"
    done
    for service in $stopped; do
      unit=$(quoted "$service")
      printf "  %s does not run. See why: \`systemctl status %s\`, \`journalctl -b -u %s\`.\n" "$(called "$service")" "$unit" "$unit"
    done
    echo "Mend that, and call \`drbd-takeover $resource\` again: it mounts and starts what is missing."
  } >&2
  return 3
}
