# Virtual machines of libvirt that are asked for: what they are, and where what they are made of stands.

# libvirt COMMAND…: for who only reads. A libvirt that hangs must not keep the whole look.
libvirt() { timeout 20 virsh --quiet --connect qemu:///system "$@" </dev/null 2>&1; }

# ask_machines: whether libvirt answers; and of each machine `machine NAME`, in hexadecimal digits, with lines
# of dominfo, of its definition, and of the places that it names.
ask_machines() {
  say machines
  if ! command -v virsh >/dev/null; then echo missing
  elif known_machines=$(libvirt list --all --name); then each_machine ask_machine
  else echo "silent $known_machines"; fi
  say exit 0
}

# ask_machine NAME PATH…
ask_machine() {
  machine=$1
  shift
  echo "machine $(perl -e 'print unpack("H*", shift)' -- "$machine")"
  definition=''
  if printf '%s\n' "$known_machines" | grep -qxF -e "$machine"; then
    libvirt dominfo --domain "$machine" | sed 's/^/info /'
    definition=$(libvirt dumpxml --inactive --domain "$machine")
    printf '%s\n' "$definition" | sed 's/^/xml /'
    printf '%s\n' "$definition" | sha256sum | sed 's/^/digest /'
    # Only whether there is more is told.
    [ "$(libvirt dumpxml --inactive --security-info --domain "$machine")" = "$definition" ] || echo secrets
  else
    echo undefined
  fi
  printf '%s\n' "$definition" | perl -e "$machine_places_pl" "$@"
}
