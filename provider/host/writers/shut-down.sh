# Virtual machines of libvirt that end in order.

# shut_down NAME SECONDS: asks it to shut down, and waits for that. Its power is left alone: where it goes on running, what to do is
# said, and nothing has been taken from it. The request cannot be taken back: the note has its unit start it again, where it obeys
# that later. Without libvirt, none runs.
shut_down() {
  command -v virsh >/dev/null || return 0
  late=/run/pulumi-drbd/$1.late
  rm -f "$late"
  read -r begun _ </proc/uptime
  begun=${begun%.*}
  asked=$((begun - 20)) tries=0 said=''
  while :; do
    state=$(timeout 60 virsh --quiet --connect qemu:///system domstate --domain "$1" </dev/null 2>&1)
    case $state in
      'shut off'|*'failed to get domain'*) rm -f "$late"; return 0 ;;
      crashed)
        echo "The virtual machine $1 has crashed, and libvirt keeps what is left of it here (on_crash), with its disks open."
        echo "\`virsh dump '$1' FILE\` saves its memory, to see why; \`virsh destroy '$1'\` lets it go."
        return 1 ;;
    esac
    # It was looked at once more after the note.
    [ ! -e "$late" ] || break
    read -r now _ </proc/uptime
    now=${now%.*}
    # Each try takes a second, and more where libvirt is slow.
    if [ $((now - begun)) -ge "$2" ] || [ "$tries" -ge "$2" ]; then
      [ -d "${late%/*}" ] || mkdir -m 700 "${late%/*}"
      echo $((now + 1800)) >"$late" || break
      continue
    fi
    tries=$((tries + 1))
    if [ $((now - asked)) -ge 20 ]; then
      asked=$now
      said=$(timeout 60 virsh --quiet --connect qemu:///system shutdown --domain "$1" </dev/null 2>&1)
    fi
    sleep 1
  done
  echo "The virtual machine $1 did not shut down in $2 s, and goes on running here (virsh domstate: $state)."
  [ -z "$said" ] || printf '%s\n' "$said"
  case $state in
    paused) echo "While it is paused it hears nothing: \`virsh domstate --reason '$1'\` says why it is, and \`virsh resume '$1'\` lets it go on." ;;
    pmsuspended) echo "While it sleeps it hears nothing: \`virsh dompmwakeup '$1'\` wakes it." ;;
    *) echo "See why on its console (\`virsh console '$1'\`, or a viewer). \`virsh destroy '$1'\` pulls its plug." ;;
  esac
  echo "Where it shuts down after all in the next 30 minutes, it is started again here. One that needs longer: \`shutdownTimeout\` of \`virtualMachines\`."
  return 1
}
