import type { ImageRecipe } from '../profile.ts';

/** What every nested host is made of, besides its kernel. */
const PACKAGES: readonly string[] = [
  ...['systemd', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'iproute2', 'procps', 'openssh-server', 'polkitd'],
  ...['qemu-system-x86', 'libvirt-daemon-system', 'libvirt-daemon-driver-qemu', 'libvirt-clients'],
  ...['numactl', 'hwloc-nox', 'nodejs'],
];

function debian(suite: string): Omit<ImageRecipe, 'keepsQemu'> {
  return {
    suite,
    sources: [
      `deb http://deb.debian.org/debian ${suite} main`,
      `deb http://deb.debian.org/debian ${suite}-updates main`,
      `deb http://deb.debian.org/debian-security ${suite}-security main`,
    ],
    packages: PACKAGES,
    kernelPackage: 'linux-image-cloud-amd64',
    diskMiB: 3072,
  };
}

/** Debian 12, the base of Proxmox VE 8: kernel 6.1, systemd 252, libvirt 9.0, QEMU 7.2, Node 18. */
export const BOOKWORM: ImageRecipe = { ...debian('bookworm'), keepsQemu: false };

/** Debian 13, the base of Proxmox VE 9: kernel 6.12, systemd 257, libvirt 11.3, QEMU 10.0, Node 20. */
export const TRIXIE: ImageRecipe = { ...debian('trixie'), keepsQemu: true };

const AT_HAND = ['nodejs', 'numactl'];

/**
 * Debian 13 as a node of Proxmox VE 9 is before anything of ours was on it: no Node.js, no numactl, Debian's packages at hand.
 * whiptail, which debconf looks for, is on every such node.
 */
export const FRESH_TRIXIE: ImageRecipe = {
  ...TRIXIE,
  keepsQemu: false,
  packages: [...PACKAGES.filter(name => !AT_HAND.includes(name)), 'whiptail'],
  atHand: AT_HAND,
};
