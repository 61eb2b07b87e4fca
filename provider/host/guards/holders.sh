# Who has a device in use.

# holders_of DEVICE: the processes, mounts and devices that have it open, in a line; nothing where there are none.
holders_of() {
  perl -e "$names_pl$open_by_pl" "$1"
}

# holders DEVICE [MOUNT_POINT]: who has a device or what is mounted from it in use, for a person, on a host that may have
# neither fuser nor lsof. Processes in other mount namespaces (services, containers) keep mounts of their own. Those of the units
# in $passed_units, and of the virtual machines in $passed_guests, are not told.
holders() {
  passed_units=${passed_units:-} passed_guests=${passed_guests:-} perl -e "$names_pl$holders_pl" "$@" 2>&1
}
