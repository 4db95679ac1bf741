import type { Profile } from '../profile.ts';
import { BOOKWORM } from './debian-images.ts';

/**
 * Debian 12 with a /dev/kvm that works: TCG emulates AMD's virtualisation for the EPYC model, so that guests inside
 * run under KVM as on a real node, with its threads (`CPU 0/KVM`).
 */
export const bookwormKvm: Profile = {
  name: 'bookworm-kvm',
  about: 'Debian 12 on an emulated EPYC, cells of 4 and 2 CPUs; guests run under nested KVM',
  image: BOOKWORM,
  guests: 'kvm',
  cpu: 'EPYC,+svm,+npt',
  smp: '6,sockets=3,cores=2,threads=1',
  cells: [
    { cpus: '0-3', memoryMiB: 1280, hugePages: 64 },
    { cpus: '4-5', memoryMiB: 1280, hugePages: 64 },
  ],
  distances: [
    [10, 20],
    [20, 10],
  ],
  devices: [],
  kernelArguments: [],
  quickNode: false,
  plays: 'scenarios',
  bootTimeoutMs: 180_000,
};
