import { EASY_CPU } from '../easy-to-emulate.ts';
import type { Profile } from '../profile.ts';
import { FRESH_TRIXIE } from './debian-images.ts';

/**
 * A node that nobody has put anything of ours on: two cells of two cores with two threads and 2 GiB each, the least that
 * Proxmox VE's system requirements make sense with (2 GiB for itself, and as much for guests). The stand-ins of Proxmox VE's
 * programs have a Node.js of their own below /opt/stand-in, which neither the path nor dpkg knows.
 */
export const freshNode: Profile = {
  name: 'fresh-node',
  about: 'Debian 13 without Node.js and numactl, 8 CPUs with SMT in 2 cells; the six commands of INSTALL.md',
  image: FRESH_TRIXIE,
  guests: 'qemu',
  cpu: EASY_CPU,
  smp: '8,sockets=2,cores=2,threads=2',
  cells: ['0-3', '4-7'].map(cpus => ({ cpus, memoryMiB: 2048, hugePages: 32 })),
  distances: [
    [10, 20],
    [20, 10],
  ],
  devices: [],
  kernelArguments: [],
  quickNode: false,
  plays: 'newcomer',
  bootTimeoutMs: 180_000,
};
