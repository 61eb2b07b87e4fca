#!/bin/bash
# A read-only look at both nodes, as a script would take it: one command a node, both at once.
# Usage: look.sh "SSH-TO-ONE" "SSH-TO-OTHER"
set -euo pipefail
look='uname -n; cat /proc/drbd /etc/drbd.d/*.res /etc/fstab; drbdadm status; drbdadm -d adjust all; lsblk; findmnt -t xfs; ip -o address'
$1 "$look" >/dev/null & $2 "$look" >/dev/null & wait -n; wait -n
