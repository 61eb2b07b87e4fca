#!/bin/sh
# Turns the tree that mmdebstrap has unpacked into the machines' disk image, kernel and initrd.
# Runs as a mmdebstrap customize hook: $1 is the tree, $2 the folder of this script, $3 where the files go that it makes
# (they exist already, empty and writable to all: in unshare mode this script is another user than the caller).
set -eu
tree=$1 here=$2 out=$3

# --- what apt in the machine installs from: a package folder in the image, and nothing else -------------------------
# package_folder FOLDER PACKAGE…: the packages, and what they need beyond the tree, as an archive for apt.
package_folder() {
  folder=$1
  shift
  mkdir -p "$folder/partial"
  APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q install -y --no-install-recommends --download-only \
    -o Dir::Cache::archives="$folder" "$@"
  rm -rf "$folder/partial" "$folder/lock"
  for deb in "$folder"/*.deb; do
    dpkg-deb --field "$deb"
    echo "Filename: ./$(basename "$deb")"
    echo "Size: $(stat -c %s "$deb")"
    echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
    echo
  done >"$folder/Packages"
  cat >"$folder/Release" <<END
Suite: lab
Date: $(LC_ALL=C date -u -R)
SHA256:
 $(sha256sum "$folder/Packages" | cut -d ' ' -f 1) $(stat -c %s "$folder/Packages") Packages
END
}
package_folder "$tree/var/lib/lab/packages" drbd-utils
copies=$(mktemp -d)
# shellcheck disable=SC2086 # words
[ -z "$LAB_CLUSTER" ] || package_folder "$copies/cluster" $LAB_CLUSTER
# shellcheck disable=SC2086 # words
[ -z "$LAB_LIBVIRT" ] || package_folder "$copies/libvirt" $LAB_LIBVIRT

# Nothing of the host's apt configuration stays: no mirror, no proxy. (mmdebstrap insists on removing 00mmdebstrap itself,
# after the disk image is made.)
: >"$tree/etc/apt/apt.conf.d/00mmdebstrap"
rm -rf "$tree"/etc/apt/sources.list "$tree"/etc/apt/sources.list.d/* "$tree"/etc/apt/apt.conf.d/99mmdebstrap \
  "$tree"/etc/apt/auth.conf.d/* "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*.bin "$tree"/var/cache/apt/archives/*
mkdir -p "$tree/var/lib/apt/lists/partial" "$tree/var/cache/apt/archives/partial"
echo "deb [trusted=yes] file:/var/lib/lab/packages ./" >"$tree/etc/apt/sources.list"

# --- users -----------------------------------------------------------------------------------------------------------
# admin: sudo without a password, and a password for the login; nosudo: neither.
chroot "$tree" useradd --uid 1000 --create-home --shell /bin/bash admin
chroot "$tree" useradd --uid 1001 --create-home --shell /bin/bash nosudo
# Neither a password nor locked: sshd lets nobody in whose account is locked.
chroot "$tree" usermod --password '*' nosudo
echo "admin:$(openssl passwd -6 "$LAB_ADMIN_PASSWORD")" | chroot "$tree" chpasswd --encrypted
echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >"$tree/etc/sudoers.d/admin"
chmod 0440 "$tree/etc/sudoers.d/admin"

# --- configuration of the system -------------------------------------------------------------------------------------
cp -R "$here/tree/." "$tree/"
chmod 0755 "$tree/usr/local/sbin/lab-network"
rm -f "$tree"/etc/ssh/ssh_host_* "$tree/etc/resolv.conf" "$tree/etc/hostname"
: >"$tree/etc/fstab"
: >"$tree/etc/machine-id"

units="$tree/etc/systemd/system"
# Left unmasked on purpose: remote-fs.target, modprobe@ and kmod-static-nodes (losetup and _netdev mounts need them).
for unit in getty.target getty@.service serial-getty@.service console-getty.service timers.target \
  lvm2-monitor.service systemd-journal-flush.service systemd-journal-catalog-update.service \
  sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount \
  systemd-sysctl.service systemd-sysusers.service systemd-random-seed.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-firstboot.service systemd-pstore.service systemd-hwdb-update.service \
  systemd-update-done.service systemd-machine-id-commit.service systemd-ask-password-console.path \
  systemd-ask-password-wall.path systemd-boot-system-token.service systemd-logind.service systemd-user-sessions.service \
  systemd-networkd.service systemd-resolved.service systemd-timesyncd.service e2scrub_reap.service e2scrub_all.timer \
  ldconfig.service systemd-remount-fs.service systemd-initctl.socket networking.service sudo.service; do
  ln -sf /dev/null "$units/$unit"
done
ln -sf /lib/systemd/system/multi-user.target "$units/default.target"
mkdir -p "$units/multi-user.target.wants" "$units/sysinit.target.wants"
ln -sf /etc/systemd/system/lab-network.service "$units/sysinit.target.wants/lab-network.service"
rm -f "$units/multi-user.target.wants/ssh.service" "$units/sshd.service"
ln -sf /etc/systemd/system/ssh.service "$units/sysinit.target.wants/ssh.service"

# --- initrd: busybox, the virtio drivers, and a script that mounts the root disk -----------------------------------
kernel=$(ls "$tree/lib/modules")
initrd=$(mktemp -d)
mkdir -p "$initrd/bin" "$initrd/dev" "$initrd/proc" "$initrd/sys" "$initrd/root" "$initrd/modules"
cp "$tree/bin/busybox" "$initrd/bin/busybox"
ln -s busybox "$initrd/bin/sh"
cp "$here/init" "$initrd/init"
chmod 0755 "$initrd/init"
for module in virtio_pci virtio_blk virtio_net; do
  chroot "$tree" modprobe --set-version "$kernel" --show-depends "$module"
done | while read -r kind path _; do
  [ "$kind" = insmod ] || continue
  name=$(basename "$path")
  [ -e "$initrd/modules/$name" ] && continue
  cp "$tree/$path" "$initrd/modules/$name"
  echo "$name" >>"$initrd/modules/order"
done
(cd "$initrd" && find . | cpio --quiet -o -H newc --owner 0:0 | gzip -1) >"$out/initrd"
rm -rf "$initrd"

# --- the files a lab boots from ---------------------------------------------------------------------------------------
cat "$tree/boot/vmlinuz-$kernel" >"$out/vmlinuz"
rm -f "$tree"/boot/vmlinuz-* "$tree"/boot/System.map-* "$tree"/vmlinuz* "$tree"/initrd*
# A plain bind mount shows the tree without what is mounted in it (/proc, /sys, /dev).
plain=$(mktemp -d)
mount --bind "$tree" "$plain"

# The packages of a cluster and of libvirt take an emulated machine minutes to install. They are installed here, in a copy, and
# what that made is one file each: `tar -C / -xzf …` gives a machine all of it.
# installed_in_copy NAME FILE PACKAGE…
installed_in_copy() {
  name=$1 file=$2
  shift 2
  copy=$copies/tree
  cp -a "$plain" "$copy"
  mv "$copies/$name" "$copy/var/lib/lab/$name"
  echo "deb [trusted=yes] file:/var/lib/lab/$name ./" >"$copy/etc/apt/sources.list"
  touch "$copies/before"
  mount --rbind "$tree/dev" "$copy/dev"
  for call in update "install -y --no-install-recommends $*"; do
    # shellcheck disable=SC2086 # words
    DEBIAN_FRONTEND=noninteractive chroot "$copy" apt-get -q -o Dpkg::Options::=--force-unsafe-io $call
  done
  umount -R "$copy/dev"
  rm -rf "$copy/var/lib/apt/lists" "$copy/var/cache/apt" "$copy/var/lib/lab/$name"
  (cd "$copy" && find . -xdev -cnewer ../before -print0) |
    tar -C "$copy" --null --no-recursion --files-from=- -czf "$file"
  rm -rf "$copy"
}
# Beside the image: only one test wants it.
# shellcheck disable=SC2086 # words
[ -z "$LAB_LIBVIRT" ] || installed_in_copy libvirt "$out/libvirt.tar.gz" $LAB_LIBVIRT
# shellcheck disable=SC2086 # words
[ -z "$LAB_CLUSTER" ] || installed_in_copy cluster "$plain/var/lib/lab/cluster.tar.gz" $LAB_CLUSTER
rm -rf "$copies"

mke2fs -q -t ext4 -L root -m 0 -E root_owner=0:0 -d "$plain" -F "$out/root.raw" 3G || { umount "$plain"; exit 1; }
umount "$plain"
rmdir "$plain"
