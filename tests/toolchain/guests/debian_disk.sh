#!/usr/bin/env bash
# Builds a bootable Debian 12 disk for tests: BIOS boot by GRUB, serial console, cloud-init, sshd.
#   debian_disk.sh OUT_DIRECTORY WORK_DIRECTORY      writes OUT/debian.qcow2
# Needs root, mmdebstrap, mke2fs, qemu-img. No loop device: the file system is filled by `mke2fs -d`, and GRUB's
# two pieces are written where the BIOS looks for them.
# Tuned to boot fast under pure emulation on two cores: whatever a test does not look at is left out or masked.
set -euo pipefail
out=$(realpath -m "$1") work=$(realpath -m "$2")
mkdir -p "$out" "$work"
cd "$work"

DISK_MIB=2048         # virtual size; the guest does not grow its root
GAP_SECTORS=2048      # before the partition: MBR, GRUB's core image
UUID=6d1f2a3e-0d45-4c1e-9a57-1b6f4c0de001
export SOURCE_DATE_EPOCH=1735689600

cat >grub.cfg <<GRUB
search --no-floppy --fs-uuid --set=root $UUID
linux /vmlinuz root=UUID=$UUID ro console=ttyS0 quiet rootfstype=ext4 fsck.mode=skip systemd.show_status=false
initrd /initrd.img
boot
GRUB

cat >initramfs.conf <<'CONF'
MODULES=list
COMPRESS=lz4
CONF

cat >cloud.cfg <<'CLOUD'
# Local data sources only: a network one would be waited for.
datasource_list: [NoCloud, ConfigDrive, None]
ssh_genkeytypes: [ed25519]
ssh_deletekeys: true
disable_root: false
manage_etc_hosts: false
system_info:
  network: {renderers: [networkd]}
growpart: {mode: "off"}
resize_rootfs: false
cloud_init_modules: [seed_random, write-files, set_hostname, update_hostname, users-groups, ssh, set-passwords, runcmd]
cloud_config_modules: []
cloud_final_modules: [scripts-user, final-message]
CLOUD

cat >setup.sh <<'SETUP'
set -eu
root=$1
in_root() { chroot "$root" "$@"; }
cp cloud.cfg "$root/etc/cloud/cloud.cfg.d/90_denovirt.cfg"
printf 'virtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\n' >>"$root/etc/initramfs-tools/modules"
cp initramfs.conf "$root/etc/initramfs-tools/conf.d/denovirt.conf"
in_root update-initramfs -u
echo debian-guest >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 debian-guest\n::1 localhost\n' >"$root/etc/hosts"
printf 'UUID=%s / ext4 defaults,noatime 0 0\n' "$UUID" >"$root/etc/fstab"
printf 'deb http://deb.debian.org/debian bookworm main\n' >"$root/etc/apt/sources.list"
rm -f "$root"/etc/apt/sources.list.d/* "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id
: >"$root/etc/machine-id"
in_root systemctl enable systemd-networkd ssh
in_root systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  e2scrub_reap.service systemd-timesyncd.service systemd-networkd-wait-online.service cloud-init-hotplugd.socket \
  systemd-pstore.service systemd-update-utmp-runlevel.service systemd-binfmt.service getty@tty1.service \
  systemd-journal-flush.service systemd-machine-id-commit.service systemd-random-seed.service \
  systemd-network-generator.service kmod-static-nodes.service cloud-config.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@fuse.service modprobe@loop.service \
  modprobe@efi_pstore.service >/dev/null 2>&1
# Python would find its compiled modules older than their sources (all times are clamped) and compile them at each boot.
in_root python3 -m compileall -q -f --invalidation-mode unchecked-hash /usr/lib/python3 /usr/lib/python3.11
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/volatile.conf"
# GRUB: one core image that holds the whole boot script
cp grub.cfg "$root/tmp/grub.cfg"
in_root grub-mkimage -O i386-pc -o /tmp/core.img -c /tmp/grub.cfg -p /boot/grub biosdisk part_msdos ext2 search search_fs_uuid linux normal
cp "$root/tmp/core.img" "$root/usr/lib/grub/i386-pc/boot.img" .
rm -f "$root/tmp/grub.cfg" "$root/tmp/core.img"
rm -rf "$root"/usr/share/{doc,man,locale,info}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
SETUP
export UUID

mmdebstrap --variant=minbase --quiet --aptopt='APT::Install-Recommends "false"' \
  --include=linux-image-cloud-amd64,initramfs-tools,lz4,systemd-sysv,udev,dbus,cloud-init,openssh-server,iproute2,iputils-ping,netbase,ca-certificates,curl,grub-pc-bin,procps,less,sudo \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook='sh -c "cd '"$work"' && bash setup.sh \"\$1\"" sh "$1"' \
  bookworm root.tar

# MBR: GRUB's boot sector, its core image in the gap, one partition
size=$((DISK_MIB * 2048 - GAP_SECTORS))
rm -rf root && mkdir root && tar -C root --numeric-owner -xf root.tar --exclude=./dev/*
rm -f part.img disk.img
truncate -s "$((size * 512))" part.img
mke2fs -q -F -t ext4 -O ^metadata_csum_seed,^orphan_file -U "$UUID" -L root -E hash_seed="$UUID",root_owner=0:0 -d root part.img
truncate -s "${DISK_MIB}M" disk.img
le32() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
dd if=boot.img of=disk.img bs=440 count=1 conv=notrunc status=none
# one entry: bootable, CHS unused, type Linux, first sector, length; then the signature at 510
printf "\\x80\\xfe\\xff\\xff\\x83\\xfe\\xff\\xff$(le32 "$GAP_SECTORS")$(le32 "$size")" | dd of=disk.img bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of=disk.img bs=1 seek=510 conv=notrunc status=none
dd if=core.img of=disk.img bs=512 seek=1 conv=notrunc status=none
[ "$(stat -c %s core.img)" -lt $(((GAP_SECTORS - 1) * 512)) ] || { echo "GRUB's core image does not fit before the partition" >&2; exit 1; }
dd if=part.img of=disk.img bs=1M seek="$((GAP_SECTORS / 2048))" conv=notrunc,sparse status=none
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd disk.img "$out/debian.qcow2"
