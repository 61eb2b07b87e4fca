# drbd-vm@.service: lasts as long as the virtual machine $0 runs. What cannot be asked, because libvirt is restarted, is asked again.
# The unit has it in one line, without these lines.
ask() { timeout 90 virsh --quiet --connect qemu:///system "$@" 2>&1; };
while :; do
  state=$(ask domstate --domain "$0");
  case "$state" in
    "shut off"|*"failed to get domain"*) echo "$0 has ended"; exit 0 ;;
    crashed) echo "$0 has crashed"; exit 1 ;;
    error:*|"") sleep 2 ;;
    *) ask event --domain "$0" --event lifecycle --timeout 60 >/dev/null || sleep 2 ;;
  esac;
done
