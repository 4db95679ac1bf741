/**
 * What the suite needs on this machine, all from Debian. libvirt-daemon alone has libvirtd and its QEMU driver
 * without any unit that apt would start; the suite starts its own.
 */
export const PACKAGES: readonly string[] = [
  'libvirt-daemon',
  'libvirt-daemon-driver-qemu',
  'libvirt-clients', // virsh
  'qemu-system-x86',
  'util-linux', // unshare, setpriv, flock
  'mount',
  'procps',
];

/** Only where /dev/kvm opens: what the functional probe boots. */
export const PROBE_PACKAGES: readonly string[] = ['busybox-static', 'dpkg', 'apt'];
