import { cpuNumbers } from '../kit/cpu-numbers.ts';
import type { Scenario } from './scenario.ts';

const GUESTS = 8;

export const scenario: Scenario = {
  starts: `${GUESTS} deploys at the same moment, each of a dedicated guest of two vCPUs and 2 MiB pages: exactly what the machine holds`,
  sees: [
    'all start; every CPU of the machine has exactly one vCPU, and each guest is on one cell',
    "each guest's pages are on its cell, and the pools are short of exactly that",
    "ledger, libvirt's XML and the kernel agree on every thread of every guest",
  ],
  isLong: true,
  startsMany: true,
  hosts: ['trixie'],
  async play(stage) {
    const before = stage.freeHugePages;
    const guests = Array.from({ length: GUESTS }, (_, index) => ({
      id: 320 + index,
      vcpus: 2,
      memoryMiB: 32,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_MEM_PAGE_SIZE: '2048' },
    }));
    const ends = await Promise.all(guests.map(guest => stage.tryDeploy(guest)));
    stage.check(
      'outcomes',
      ends.map(end => (end.result === 'SUCCESS' ? 'started' : end.info)),
      guests.map(() => 'started'),
    );
    stage.holds(
      'the slowest start',
      true,
      `${(Math.max(...ends.map(end => end.millis)) / 1000).toFixed(1)} s`,
    );
    const taken: number[] = [];
    const pages: Record<string, number> = Object.fromEntries(Object.keys(before).map(id => [id, 0]));
    for (const guest of guests) {
      const { record } = await stage.agrees(guest);
      const cells = record!.claim.cells;
      stage.check(`host cells of one-${guest.id}, counted`, cells.length, 1);
      taken.push(...cpuNumbers(cells[0]!.pcpus));
      pages[cells[0]!.hostCell]! += 16;
    }
    stage.check(
      'CPUs of all claims',
      taken.sort((a, b) => a - b),
      stage.onlineCpus,
    );
    stage.check(
      'free pages on each cell',
      stage.freeHugePages,
      Object.fromEntries(Object.entries(before).map(([id, free]) => [id, free - pages[id]!])),
    );
  },
};
