import { EASY_CPU } from '../easy-to-emulate.ts';
import type { Profile } from '../profile.ts';
import { TRIXIE } from './debian-images.ts';

/**
 * Debian 13 as a server of two sockets, each split into two cells of two cores with two threads. The cells of one
 * socket are nearer to each other than to the others. A device lies behind a bridge of cell 1 (0000:21:00.0). No dies:
 * QEMU 10.0 aborts on `dies=` with this vendor, which the kernel needs to see threads and caches.
 */
export const trixie: Profile = {
  name: 'trixie',
  about:
    'Debian 13, 16 CPUs with SMT in 4 cells on 2 sockets, 128 pages of 2 MiB on each, a device on cell 1; TCG',
  image: TRIXIE,
  guests: 'qemu',
  cpu: EASY_CPU,
  smp: '16,sockets=2,cores=4,threads=2',
  cells: ['0-3', '4-7', '8-11', '12-15'].map(cpus => ({ cpus, memoryMiB: 1024, hugePages: 128 })),
  distances: [
    [10, 12, 32, 32],
    [12, 10, 32, 32],
    [32, 32, 10, 12],
    [32, 32, 12, 10],
  ],
  devices: [
    ...['-device', 'intel-iommu,intremap=off'],
    ...['-device', 'pxb-pcie,id=bridge1,bus_nr=32,numa_node=1,bus=pcie.0'],
    ...['-device', 'pcie-root-port,id=port1,bus=bridge1,chassis=1', '-device', 'e1000e,bus=port1'],
  ],
  kernelArguments: ['intel_iommu=on'],
  quickNode: true,
  plays: 'scenarios',
  bootTimeoutMs: 240_000,
};
