import { cpuNumbers } from '../kit/cpu-numbers.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest of four vCPUs and 64 pages of 2 MiB in two guest cells',
  sees: [
    'each guest cell is on a host cell of its own, both of one socket (distance 12, not 32)',
    'each vCPU thread is on the host cell of its guest cell, and QEMU holds 32 pages on each (numa_maps)',
    "libvirt's XML binds each guest cell strictly to its host cell; live moves of its memory are refused",
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['trixie'],
  async play(stage) {
    const guest = {
      id: 301,
      vcpus: 4,
      memoryMiB: 128,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '2', HW_MEM_PAGE_SIZE: '2048' },
    };
    await stage.deploy(guest);
    const seen = await stage.agrees(guest);
    const { cells } = seen.record!.placement!;
    const hosts = cells.map(cell => cell.hostCell);
    stage.holds(
      'both host cells are on one socket',
      hosts.join() === '0,1' || hosts.join() === '2,3' || hosts.join() === '1,0' || hosts.join() === '3,2',
      hosts,
    );
    for (const cell of cells)
      for (const vcpu of cpuNumbers(cell.vcpus)) {
        const thread = seen.threads.find(({ role, number }) => role === 'vcpu' && number === vcpu)!;
        const home = stage.cells.find(({ cpus }) => thread.cpus.every(cpu => cpus.includes(cpu)))?.id;
        stage.check(`cell of the thread "${thread.name}"`, home, cell.hostCell);
      }
    stage.check('pages on each cell', stage.hugePagesOf(seen), Object.fromEntries(hosts.map(id => [id, 32])));
    stage.check(
      '<numatune>',
      [seen.pins.memory?.mode, seen.pins.memory?.cells],
      ['strict', [...hosts].sort()],
    );
    stage.check(
      'host cell of each guest cell in the XML',
      seen.pins.memoryOfCell,
      Object.fromEntries(cells.map(cell => [cell.guestCell, [cell.hostCell]])),
    );
    const moved = await stage.virsh('numatune', 'one-301', '--nodeset', String(hosts[0]), '--live');
    stage.holds('libvirt refuses to collapse it onto one cell', moved.code !== 0, moved.stderr.trim());
    await stage.agrees(guest);
  },
};
