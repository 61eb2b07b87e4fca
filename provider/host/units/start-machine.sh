# drbd-vm@.service: starts the virtual machine $0, where it does not run already. One with a managed save would go on with the
# memory of that time over the disks of this time.
# The unit has it in one line, without these lines.
ask() { timeout 60 virsh --quiet --connect qemu:///system "$@" 2>&1; };
for second in $(seq 60); do
  state=$(ask domstate --domain "$0");
  case "$state" in
    "shut off") break ;;
    crashed)
      echo "$0 has crashed, and libvirt keeps what is left of it (on_crash), with its disks open. virsh destroy lets that go";
      exit 1 ;;
    error:*|"in shutdown"|"") sleep 1 ;;
    *) exit 0 ;;
  esac;
done;
case "$(ask dominfo --domain "$0")" in
  *"Managed save:   yes"*)
    echo "$0 is not started: libvirt has saved its memory (managed save), and its disks may have changed since. virsh managedsave-remove throws that memory away";
    exit 1 ;;
esac;
rm -f "/run/pulumi-drbd/$0.late";
ask start --domain "$0"
