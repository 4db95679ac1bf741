#!/bin/sh
# Lets guests inside rest from their first instruction on. They have nothing to boot, and what SeaBIOS does to find that out
# is a sixth of the CPU time of a scenario where TCG emulates TCG. QEMU finds a firmware under SeaBIOS's name that halts
# at the reset vector; SeaBIOS lies beside it as seabios.bin, for guests that ask for it (`-bios seabios.bin`).
# Called by mmdebstrap as a customize hook, after keep-qemu.sh:
#   firmware-that-rests.sh ROOT
set -eu
root=$1
firmware=/usr/share/seabios/bios-256k.bin
chroot "$root" dpkg-divert --quiet --local --rename --divert "${firmware%/*}/seabios.bin" --add "$firmware"
# 256 KiB of which the processor begins 16 bytes before the end: cli; hlt; back to the hlt.
truncate -s 262128 "$root$firmware"
printf '\372\364\353\375\0\0\0\0\0\0\0\0\0\0\0\0' >> "$root$firmware"
