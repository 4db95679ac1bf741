import { cpuNumbers } from '../kit/cpu-numbers.ts';
import type { Scenario } from './scenario.ts';

/** The part of `pinfold topology` that is looked at. */
interface Topology {
  readonly cpus: { readonly present: string; readonly online: string; readonly withoutCell: string };
  readonly cells: readonly {
    readonly id: number;
    readonly cpus: string;
    readonly memoryMiB: number;
    readonly pages: readonly { readonly sizeKiB: number; readonly total: number }[];
    readonly distances: Readonly<Record<string, number>>;
  }[];
}

export const scenario: Scenario = {
  starts:
    'on a machine with cells of four and two CPUs, one cell without CPUs and CPU 5 offline: a dedicated guest on the smaller cell, and a second one there',
  sees: [
    '`pinfold topology` shows the three cells, their distances and pools, and CPU 5 as present and not online',
    'the first guest gets CPU 4 and pages of cell 1',
    'the second is refused: the offline CPU counts for nothing, and neither does the cell that has only memory',
  ],
  hosts: ['trixie-odd'],
  async play(stage) {
    const topology = (await stage.pinfold('topology')) as Topology;
    stage.check('CPUs', topology.cpus, { present: '0-5', online: '0-4', isolated: '', withoutCell: '' });
    stage.check(
      'cells: CPUs, distances, 2 MiB pages',
      topology.cells.map(({ id, cpus, distances, pages }) => [
        ...[id, cpus, distances],
        pages.find(({ sizeKiB }) => sizeKiB === 2048)?.total,
      ]),
      [
        [0, '0-3', { 0: 10, 1: 20, 2: 17 }, 64],
        [1, '4', { 0: 20, 1: 10, 2: 28 }, 128],
        [2, '', { 0: 17, 1: 28, 2: 10 }, 32],
      ],
    );
    stage.check(
      'cells of the kernel',
      stage.cells.map(({ cpus }) => cpus),
      topology.cells.map(({ cpus }) => cpuNumbers(cpus)),
    );
    const guest = (id: number, cells: string) => ({
      id,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_MEM_PAGE_SIZE: '2048', PINFOLD_CELLS: cells },
    });
    await stage.deploy(guest(341, '1'));
    const { threads } = await stage.agrees(guest(341, '1'));
    stage.check('CPU of its vCPU', threads.find(({ role }) => role === 'vcpu')!.cpus, [4]);
    for (const [id, cells] of [
      [342, '1'],
      [343, '2'],
    ] as const) {
      const sentence = await stage.refused(guest(id, cells));
      stage.holds(
        'it is a refusal, not a fault',
        /^The guest (?:needs|may not use) /.test(sentence),
        sentence,
      );
    }
    stage.check('domains', await stage.domains(), ['one-341']);
  },
};
