import { EASY_CPU } from '../easy-to-emulate.ts';
import type { Profile } from '../profile.ts';
import { BOOKWORM } from './debian-images.ts';

/**
 * Debian 12. Cell 0 has three CPUs, the fewest that hold two guests of one vCPU and the pool CPU of their emulator
 * threads; cell 1 has one. Each CPU is a socket of its own, because a socket or a cache that reaches into two cells
 * is no real machine. `-cpu max` of TCG has no virtualisation of its own, so guests inside run under TCG too.
 */
export const bookwormSmall: Profile = {
  name: 'bookworm-small',
  about: 'Debian 12, 3 CPUs and 1 CPU in 2 cells, 128 pages of 2 MiB on each; guests run under TCG',
  image: BOOKWORM,
  guests: 'qemu',
  cpu: EASY_CPU,
  smp: '4,sockets=4,cores=1,threads=1',
  cells: [
    { cpus: '0-2', memoryMiB: 1536, hugePages: 128 },
    { cpus: '3', memoryMiB: 1536, hugePages: 128 },
  ],
  distances: [
    [10, 20],
    [20, 10],
  ],
  devices: [],
  kernelArguments: [],
  quickNode: true,
  plays: 'scenarios',
  bootTimeoutMs: 180_000,
};
