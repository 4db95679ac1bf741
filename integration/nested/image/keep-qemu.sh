#!/bin/sh
# Copies the QEMU of a fresh mmdebstrap root, with its libraries and firmware, to where the machine that boots the
# image can run it, whatever Debian that machine has. Called by mmdebstrap as a customize hook:
#   keep-qemu.sh ROOT OUT
set -eu
root=$1
out=$2
libraries=/usr/lib/x86_64-linux-gnu
mkdir -p "$out/lib" "$out/modules" "$out/share"
cp "$root/usr/bin/qemu-system-x86_64" "$out/"
modules=$(cd "$root" && ls .$libraries/qemu/accel-tcg-*.so 2> /dev/null | sed 's/^\.//')
for module in $modules; do cp "$root$module" "$out/modules/"; done
# shellcheck disable=SC2086
chroot "$root" ldd /usr/bin/qemu-system-x86_64 $modules | awk '$2 == "=>" { print $3 } $1 ~ /^\/lib64\/ld-/ { print $1 }' |
  sort -u | while read -r library; do cp -L "$root$library" "$out/lib/"; done
for name in bios-256k.bin kvmvapic.bin linuxboot_dma.bin multiboot_dma.bin efi-virtio.rom; do
  for folder in qemu seabios ipxe/qemu; do
    [ ! -e "$root/usr/share/$folder/$name" ] || cp -L "$root/usr/share/$folder/$name" "$out/share/"
  done
done
