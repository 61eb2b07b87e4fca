# Virtual machines of libvirt that end in order.

# shut_down NAME SECONDS: asks it to shut down, and waits for that. Its power is left alone: where it goes on running, what to do is
# said, and nothing has been taken from it. Without libvirt, none runs.
shut_down() {
  command -v virsh >/dev/null || return 0
  read -r begun _ </proc/uptime
  begun=${begun%.*}
  asked=$((begun - 20)) tries=0 said=''
  while :; do
    state=$(timeout 60 virsh --quiet --connect qemu:///system domstate --domain "$1" </dev/null 2>&1)
    case $state in 'shut off'|crashed|*'failed to get domain'*) return 0 ;; esac
    read -r now _ </proc/uptime
    now=${now%.*}
    # Each try takes a second, and more where libvirt is slow.
    if [ $((now - begun)) -ge "$2" ] || [ "$tries" -ge "$2" ]; then break; fi
    tries=$((tries + 1))
    if [ $((now - asked)) -ge 20 ]; then
      asked=$now
      said=$(timeout 60 virsh --quiet --connect qemu:///system shutdown --domain "$1" </dev/null 2>&1)
    fi
    sleep 1
  done
  echo "The virtual machine $1 did not shut down in $2 s, and goes on running here (virsh domstate: $state)."
  [ -z "$said" ] || printf '%s\n' "$said"
  echo "See why on its console (\`virsh console '$1'\`, or a viewer), and shut it down from within. \`virsh destroy '$1'\` pulls its plug."
  echo "One that needs longer: \`shutdownTimeout\` of \`virtualMachines\`."
  return 1
}
