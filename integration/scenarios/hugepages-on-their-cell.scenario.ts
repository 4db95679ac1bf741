import type { Scenario } from './scenario.ts';

const PAGES = 32;

export const scenario: Scenario = {
  starts: `on each cell in turn, a dedicated guest of ${PAGES} pages of 2 MiB`,
  sees: [
    `the kernel's pool of the guest's cell is short of exactly ${PAGES} pages, the other cell's of none`,
    'QEMU itself holds those pages on that cell (numa_maps)',
    "libvirt's XML asks for 2 MiB pages of that cell",
    "ledger, libvirt's XML and the kernel agree on every thread, each on a CPU of that cell",
  ],
  hosts: ['bookworm-small'],
  async play(stage) {
    for (const cell of stage.cells.filter(({ cpus }) => cpus.length > 0)) {
      const before = stage.freeHugePages;
      const guest = {
        id: 210 + cell.id,
        vcpus: 1,
        memoryMiB: PAGES * 2,
        pinfold: {
          HW_CPU_POLICY: 'dedicated',
          HW_MEM_PAGE_SIZE: '2048',
          PINFOLD_CELLS: String(cell.id),
        },
      };
      const running = await stage.deploy(guest);
      const seen = await stage.agrees(guest);
      const after = stage.freeHugePages;
      const taken = Object.fromEntries(Object.keys(before).map(id => [id, before[id]! - after[id]!]));
      const wanted = Object.fromEntries(
        Object.keys(before).map(id => [id, Number(id) === cell.id ? PAGES : 0]),
      );
      stage.check(`2 MiB pages taken from each cell by one-${guest.id}`, taken, wanted);
      stage.check("2 MiB pages in QEMU's numa_maps", stage.hugePagesOf(seen), { [cell.id]: PAGES });
      stage.check('page size in the XML', seen.pins.pageSizeKiB, 2048);
      stage.check('cells in <numatune>', seen.pins.memory?.cells, [cell.id]);
      const strays = seen.threads.filter(thread => thread.cpus.some(cpu => !cell.cpus.includes(cpu)));
      stage.check(`threads with CPUs off cell ${cell.id}`, strays, []);
      await stage.cancel(running);
      stage.check('2 MiB pages free after the cancel', stage.freeHugePages, before);
    }
  },
};
