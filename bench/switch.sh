#!/bin/bash
# What a careful person's script does to move a mounted resource to the other host: one command a host, the states looked at first.
# Usage: switch.sh "SSH-TO-WHERE-IT-RUNS" "SSH-TO-WHERE-IT-SHALL-RUN" RESOURCE MOUNT-POINT
set -euo pipefail
from=$1 to=$2 resource=$3 mount_point=$4
whole="set -e; [ \"\$(drbdadm cstate $resource)\" = Connected ]; [ \"\$(drbdadm dstate $resource)\" = UpToDate/UpToDate ]"
$from "$whole" & $to "$whole" & wait -n; wait -n
$from "set -e; umount $mount_point; drbdadm secondary $resource; systemctl stop drbd-primary@$resource.service"
$to "set -e; drbdadm primary $resource; systemctl start --job-mode=ignore-dependencies drbd-primary@$resource.service; mount $mount_point; findmnt $mount_point >/dev/null"
