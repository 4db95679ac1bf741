import { EASY_CPU } from '../easy-to-emulate.ts';
import type { Profile } from '../profile.ts';
import { TRIXIE } from './debian-images.ts';

/**
 * Debian 13 with what tidy machines do not have: cells of different size, a cell that is only memory, and a CPU that
 * is present but offline (`maxcpus=5` of six).
 */
export const trixieOdd: Profile = {
  name: 'trixie-odd',
  about: 'Debian 13, cells of 4 and 2 CPUs and one of memory only, CPU 5 offline; guests run under TCG',
  image: TRIXIE,
  guests: 'qemu',
  cpu: EASY_CPU,
  smp: '6,sockets=6,cores=1,threads=1',
  cells: [
    { cpus: '0-3', memoryMiB: 1536, hugePages: 64 },
    { cpus: '4-5', memoryMiB: 768, hugePages: 128 },
    { cpus: '', memoryMiB: 512, hugePages: 32 },
  ],
  distances: [
    [10, 20, 17],
    [20, 10, 28],
    [17, 28, 10],
  ],
  devices: [],
  kernelArguments: ['maxcpus=5'],
  quickNode: false,
  plays: 'scenarios',
  bootTimeoutMs: 180_000,
};
