#!/usr/bin/env bash
# Makes a guest that boots by its kernel alone: Debian's cloud kernel and an initramfs of busybox.
#   kernel_guest.sh OUT_DIRECTORY WORK_DIRECTORY      writes OUT/vmlinuz and OUT/initrd
# Needs apt-get, dpkg, busybox-static, cpio, kmod. In the guest: an address by DHCP on eth0, HTTP on port 8080 that
# answers with the host name, a shell on ttyS0, and an orderly end on the ACPI power button.
set -euo pipefail
out=$(realpath -m "$1") work=$(realpath -m "$2")
mkdir -p "$out" "$work/root"/{bin,dev,etc/acpi/PWRF,lib,modules,proc,root,sys,tmp,var/log,var/run,www}
cd "$work"

package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }')
apt-get download -qq -o APT::Sandbox::User=root "$package"
dpkg -x "$package"_*.deb kernel
version=$(basename kernel/lib/modules/*)
depmod -b kernel "$version"
cp kernel/boot/vmlinuz-"$version" "$out/vmlinuz"

# the modules in the order of their dependencies; virtio_blk for extra disks, evdev and button for the power button
number=100
modprobe -d "$work/kernel" -S "$version" --show-depends -a virtio_pci virtio_net virtio_blk virtio_rng evdev button |
  awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
  while read -r module; do cp "$module" "root/modules/$number-$(basename "$module")"; number=$((number + 1)); done

cp /usr/bin/busybox root/bin/busybox
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "root/bin/$applet"; done
ln -s bin root/sbin
ln -s bin/busybox root/init                                # PID 1: busybox init, as /etc/inittab says
echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd

cat >root/etc/inittab <<'INITTAB'
::sysinit:/etc/start
ttyS0::respawn:-/bin/sh
::ctrlaltdel:/bin/reboot
::shutdown:/bin/umount -a -r
INITTAB
cat >root/etc/start <<'START'
#!/bin/sh
mount -t devtmpfs dev /dev 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sys /sys
hostname kernel-guest
for module in /modules/*; do insmod "$module"; done
ip link set lo up
echo "kernel-guest answers" >/www/index.html
httpd -p 8080 -h /www
acpid
[ -e /sys/class/net/eth0 ] || exit 0
ip link set eth0 up
udhcpc -i eth0 -s /etc/dhcp -T 1 -b >/dev/null 2>&1 &
START
cat >root/etc/dhcp <<'DHCP'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
ip link set "$interface" up ${mtu:+mtu $mtu}
for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
[ -z "$hostname" ] || hostname "$hostname"
echo "kernel-guest $(hostname) answers" >/www/index.html
DHCP
cat >root/etc/acpi/PWRF/00000080 <<'POWER'
#!/bin/sh
poweroff
POWER
echo 'export PS1="\h:\w# " HOME=/root PATH=/bin' >root/etc/profile
chmod 755 root/etc/start root/etc/dhcp root/etc/acpi/PWRF/00000080
find root -exec touch -h -d @0 {} +
(cd root && find . -print0 | LC_ALL=C sort -z | cpio --null --quiet --create --format=newc --reproducible --owner=0:0) |
  gzip -9 -n >"$out/initrd"
