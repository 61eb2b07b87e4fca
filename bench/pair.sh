#!/bin/bash
# What a careful person's script does, and does well: a DRBD pair with a mounted XFS, from two hosts with drbd-utils.
# One multiplexed SSH connection and three round trips a node. It ends in the same state as `pulumi up` does, without
# its checks, its idempotence and its going on after an interruption.
# Usage: pair.sh "SSH-TO-SOURCE" "SSH-TO-PEER" RESOURCE SOURCE-FILES PEER-FILES MOUNT-POINT
# The files are tar archives of what the person has prepared for a host: configuration, units, commands.
set -euo pipefail
source_host=$1 peer_host=$2 resource=$3 source_files=$4 peer_files=$5 mount_point=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 1: both hosts are what they should be, and their disks are blank.
look='set -e; uname -n; modinfo -F version drbd >/dev/null; [ -b /dev/vdb ]; ! blkid -p /dev/vdb'
$source_host "$look" >"$work/a" & $peer_host "$look" >"$work/b" & wait -n; wait -n

# 2: configuration, metadata, up, and what the next boot needs.
options=noauto,nofail,_netdev
prepare="set -e; modprobe drbd
cp -p /etc/drbd.d/global_common.conf /etc/drbd.d/global_common.conf.before
tar -x -C / -f -
drbdadm sh-nop
drbdadm create-md $resource </dev/null
drbdadm up $resource
systemctl enable --no-reload drbd@$resource.target 2>/dev/null
systemctl daemon-reload
systemctl start --job-mode=ignore-dependencies drbd@$resource.service drbd@$resource.target drbd-role@$resource.service
mkdir -p $mount_point
echo '/dev/drbd1 $mount_point xfs $options 0 0' >>/etc/fstab"
$source_host "$prepare" <"$source_files" >"$work/a" 2>&1 & $peer_host "$prepare" <"$peer_files" >"$work/b" 2>&1 & wait -n; wait -n

# 3: the source is promoted once both are connected, and formatted, and mounted.
$source_host "set -e
for i in \$(seq 100); do [ \"\$(drbdadm cstate $resource)\" = Connected ] && break; sleep 0.2; done
drbdadm primary --force $resource
mkfs.xfs -q /dev/drbd1
systemctl daemon-reload
mount $mount_point
systemctl start --no-block drbd-primary@$resource.service
cat /proc/drbd" >"$work/a" 2>&1 &
$peer_host "systemctl daemon-reload; cat /proc/drbd" >"$work/b" 2>&1 & wait -n; wait -n
