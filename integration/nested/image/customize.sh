#!/bin/sh
# Turns a fresh mmdebstrap root into a nested host. Called by mmdebstrap as a customize hook:
#   customize.sh ROOT
# with, in the environment:
#   KERNEL_PACKAGE  a meta package (linux-image-cloud-amd64); what it depends on is fetched and unpacked, because
#                   installing it would build a 13 MB initrd that nobody boots
#   OUT             where the kernel and the modules for our own initrd are put (vmlinuz, modules/)
#   SSH_KEYS        folder with host_ed25519, host_ed25519.pub, authorized_keys
#   HERE            folder of this script, with units/
set -eu
root=$1

# The kernel of the release that is being built, unpacked beside the root: `dpkg-deb -x` into a merged-/usr root
# would replace its /lib link by a folder.
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends "$KERNEL_PACKAGE" | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
(cd "$unpacked" && apt-get download -qq "$kernel" && dpkg-deb -x "$kernel"_*.deb .)
mkdir -p "$root/usr/lib/modules" "$OUT"
# Debian 12 ships its modules below /lib, Debian 13 below /usr/lib.
modules=$unpacked/usr/lib/modules
[ -d "$modules" ] || modules=$unpacked/lib/modules
cp -a "$modules/." "$root/usr/lib/modules/"
version=$(ls "$modules")
chroot "$root" depmod "$version"
cp "$unpacked/boot/vmlinuz-$version" "$OUT/vmlinuz"

# What the initrd must load to see its disk, in order, unpacked where the release compresses its modules.
mkdir -p "$OUT/modules"
: > "$OUT/modules/order"
for name in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc32c_generic; do
  file=$(find "$modules/$version" -name "$name.ko" -o -name "$name.ko.xz" | head -1)
  [ -n "$file" ] || continue
  case $file in
    *.xz) xz -dc "$file" > "$OUT/modules/$name.ko" ;;
    *) cp "$file" "$OUT/modules/$name.ko" ;;
  esac
  echo "$name.ko" >> "$OUT/modules/order"
done

# A machine with one root login by key and a network that is there before sshd.
echo nested > "$root/etc/hostname"
printf '127.0.0.1 localhost nested\n' > "$root/etc/hosts"
printf 'nameserver 10.0.2.3\n' > "$root/etc/resolv.conf"
printf '/dev/vda / ext4 defaults,noatime 0 1\n' > "$root/etc/fstab"
rm -f "$root"/etc/ssh/ssh_host_*
install -m 600 "$SSH_KEYS/host_ed25519" "$root/etc/ssh/ssh_host_ed25519_key"
install -m 644 "$SSH_KEYS/host_ed25519.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
install -d -m 700 "$root/root/.ssh"
install -m 600 "$SSH_KEYS/authorized_keys" "$root/root/.ssh/authorized_keys"
printf 'UseDNS no\nGSSAPIAuthentication no\nMaxSessions 64\nMaxStartups 64\n' > "$root/etc/ssh/sshd_config.d/nested.conf"
install -m 644 "$HERE"/units/*.service "$root/etc/systemd/system/"
chroot "$root" systemctl -q enable nested-network.service ssh.service libvirtd.service virtlogd.socket

# OpenNebula's host user, with the groups that its packages give it.
chroot "$root" useradd --system --create-home --home-dir /var/lib/one --shell /bin/bash --groups libvirt,kvm oneadmin

# The group may use libvirt by the mode of its socket. Debian's own way asks polkit at each call, and polkitd of Debian 12 now and then
# takes its rules for a script that ran away, and lets the caller wait for 15 s ("Terminating runaway script").
printf 'auth_unix_rw = "none"\nunix_sock_group = "libvirt"\nunix_sock_rw_perms = "0770"\n' >> "$root/etc/libvirt/libvirtd.conf"
mkdir -p "$root/etc/systemd/system/libvirtd.socket.d"
printf '[Socket]\nSocketGroup=libvirt\nSocketMode=0660\n' > "$root/etc/systemd/system/libvirtd.socket.d/group.conf"

# libvirtd must stay (it leaves after 120 idle seconds otherwise) and needs no network of its own.
printf 'LIBVIRTD_ARGS=""\n' > "$root/etc/default/libvirtd"
rm -f "$root/etc/libvirt/qemu/networks/autostart/default.xml"

# Nothing that wakes up by itself while a test looks at threads and pages.
for unit in getty@.service serial-getty@.service getty.target apt-daily.timer apt-daily-upgrade.timer \
  dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer systemd-tmpfiles-clean.timer \
  systemd-timesyncd.service libvirt-guests.service systemd-update-utmp.service systemd-networkd-wait-online.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/var/cache/apt/*
