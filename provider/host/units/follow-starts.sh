# drbd-vm-starts@.service: has the units of virtual machines follow those that a person starts (virsh start), so that what would end
# their units ends them in order. It is about the machines of the resource $0. Where that is not mounted, systemd skips the units.
#
# libvirt tells of every start; which machine it was is looked up. What starts before libvirt is listened to is found by the looks
# at the beginning. Where libvirt is restarted, this ends, and systemd starts it again.
# The unit has it in one line, without these lines.
look() {
  for folder in /etc/systemd/system/drbd-vm@*.service.d; do
    [ -e "$folder/pulumi-drbd-$0.conf" ] || continue;
    unit=${folder##*/};
    unit=${unit%.d};
    name=${unit#drbd-vm@};
    name=$(systemd-escape --unescape -- "${name%.service}");
    case "$(timeout 90 virsh --quiet --connect qemu:///system domstate --domain "$name" 2>/dev/null)" in
      running|idle|paused|pmsuspended)
        case "$(systemctl is-active -- "$unit")" in
          inactive|failed) echo "$name runs: $unit follows it"; systemctl start --no-block -- "$unit" ;;
        esac ;;
    esac;
  done;
};

{
  { echo look; sleep 10; echo look; } &
  stdbuf -oL virsh --quiet --connect qemu:///system event --event lifecycle --loop;
} | while read -r line; do
  case "$line" in look|*": Started "*) look ;; esac;
done
