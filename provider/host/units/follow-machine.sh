# drbd-vm@.service: lasts as long as the virtual machine $0 runs. What cannot be asked, because libvirt is restarted, is asked again.
# One that shuts down only when its end is waited for no more, and its resource stays here, is started again: 75 has systemd do that.
# One that is switched off (virsh destroy), or shut down by a person at any other time, stays off.
# The unit has it in one line, without these lines.
ask() { timeout 90 virsh --quiet --connect qemu:///system "$@" 2>&1; };
while :; do
  state=$(ask domstate --reason --domain "$0");
  case "$state" in
    "shut off (shutdown)")
      until=0;
      read -r until 2>/dev/null <"/run/pulumi-drbd/$0.late";
      read -r now rest </proc/uptime;
      if [ "${now%.*}" -lt "${until:-0}" ]; then echo "$0 has shut down after all, later than it was waited for, and is started again"; exit 75; fi;
      rm -f "/run/pulumi-drbd/$0.late";
      echo "$0 has shut down"; exit 0 ;;
    "shut off"*|*"failed to get domain"*)
      rm -f "/run/pulumi-drbd/$0.late";
      echo "$0 has ended: $state"; exit 0 ;;
    crashed*) echo "$0 has crashed"; exit 1 ;;
    error:*|"") sleep 2 ;;
    *) ask event --domain "$0" --event lifecycle --timeout 60 >/dev/null || sleep 2 ;;
  esac;
done
