#!/bin/bash
# What a careful person's script does, and does well: a DRBD pair with a mounted XFS, from two hosts with drbd-utils.
# One multiplexed SSH connection and three round trips a node. It ends in the same state as `pulumi up` does, without
# its checks, its idempotence and its going on after an interruption.
# Usage: pair.sh "SSH-TO-SOURCE" "SSH-TO-PEER" RESOURCE-FILE PROMOTION-SERVICE PROMOTION-TARGET MOUNT-POINT
set -euo pipefail
source_host=$1 peer_host=$2 resource_file=$3 service_file=$4 target_file=$5 mount_point=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
resource=$(basename "$resource_file" .res)

# 1: both hosts are what they should be, and their disks are blank.
look='set -e; uname -n; modinfo -F version drbd >/dev/null; [ -b /dev/vdb ]; ! blkid -p /dev/vdb'
$source_host "$look" >"$work/a" & $peer_host "$look" >"$work/b" & wait -n; wait -n

# 2: configuration, metadata, up, and what the next boot needs.
service=$(cat "$service_file") target=$(cat "$target_file")
options=nofail,_netdev,x-systemd.requires=drbd-primary@$resource.target,x-systemd.after=drbd-primary@$resource.service,x-systemd.after=drbd@$resource.service,x-systemd.device-timeout=90
prepare="set -e; modprobe drbd
umask 077; cat >/etc/drbd.d/.new; umask 022
cp -p /etc/drbd.d/global_common.conf /etc/drbd.d/global_common.conf.before
printf 'global { usage-count no; udev-always-use-vnr; }\ncommon { }\n' >/etc/drbd.d/global_common.conf
mv /etc/drbd.d/.new /etc/drbd.d/$resource.res
drbdadm sh-nop
drbdadm create-md $resource </dev/null
drbdadm up $resource
systemctl enable --no-reload drbd@$resource.target 2>/dev/null
printf '%s\n' ${service@Q} >/etc/systemd/system/drbd-primary@.service
printf '%s\n' ${target@Q} >/etc/systemd/system/drbd-primary@.target
systemctl start --job-mode=ignore-dependencies drbd@$resource.service drbd@$resource.target
mkdir -p $mount_point"
$source_host "$prepare" <"$resource_file" >"$work/a" 2>&1 & $peer_host "$prepare" <"$resource_file" >"$work/b" 2>&1 & wait -n; wait -n

# 3: the source is promoted once both are connected, and formatted, and mounted at boot from now on.
$source_host "set -e
for i in \$(seq 100); do [ \"\$(drbdadm cstate $resource)\" = Connected ] && break; sleep 0.2; done
drbdadm primary --force $resource
mkfs.xfs -q /dev/drbd1
echo '/dev/drbd1 $mount_point xfs $options 0 0' >>/etc/fstab
systemctl daemon-reload
mount $mount_point
systemctl start --no-block drbd-primary@$resource.service
cat /proc/drbd" >"$work/a" 2>&1 &
$peer_host "echo '/dev/drbd1 $mount_point xfs noauto,$options 0 0' >>/etc/fstab; systemctl daemon-reload; cat /proc/drbd" >"$work/b" 2>&1 & wait -n; wait -n
