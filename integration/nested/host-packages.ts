/** What the machine needs that builds and boots nested hosts, all from Debian. */
export const HOST_PACKAGES: readonly string[] = [
  'mmdebstrap', // the image's root
  'debian-archive-keyring', // its signatures
  'e2fsprogs', // mke2fs -d
  'qemu-system-x86',
  'qemu-utils', // qemu-img
  'busybox-static', // our own initrd
  'openssh-client', // ssh, ssh-keygen
  'xz-utils', // modules of releases that compress them
  'util-linux', // setpriv
  'dpkg', // dpkg-deb
  'tar',
];
