import { readFileSync } from 'node:fs';
import type { Scenario } from './scenario.ts';

/** Behind a bridge of cell 1. */
const DEVICE = '0000:21:00.0';
const FOLDER = `/sys/bus/pci/devices/${DEVICE}`;

export const scenario: Scenario = {
  starts: `a dedicated guest that is passed the PCI device ${DEVICE} (VFIO), which sits on cell 1, while cell 1 is the fuller one`,
  sees: [
    'without a policy for the device, and with "required", all its vCPUs and pages are on cell 1',
    'with "required" and cell 1 forbidden to it, it is refused with the device named, and nothing starts',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['trixie'],
  async play(stage) {
    stage.check('cell of the device', readFileSync(`${FOLDER}/numa_node`, 'utf8').trim(), '1');
    // TCG's IOMMU remaps no interrupts, and VFIO wants to hear that this is accepted.
    await stage.program('modprobe', 'vfio_iommu_type1', 'allow_unsafe_interrupts=1');
    await stage.program('modprobe', 'vfio-pci');
    const guest = (id: number, pinfold: Readonly<Record<string, string>>) => ({
      id,
      vcpus: 2,
      memoryMiB: 32,
      hostDevices: [DEVICE],
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_MEM_PAGE_SIZE: '2048', ...pinfold },
    });
    const other = {
      id: 308,
      vcpus: 1,
      memoryMiB: 32,
      pinfold: { HW_CPU_POLICY: 'dedicated', PINFOLD_CELLS: '1' },
    };
    await stage.deploy(other);
    for (const one of [guest(309, {}), guest(310, { HW_PCI_NUMA_AFFINITY_POLICY: 'required' })]) {
      const running = await stage.deploy(one);
      const seen = await stage.agrees(one);
      stage.check('pages on each cell', stage.hugePagesOf(seen), { 1: 16 });
      const near = stage.cells.find(({ id }) => id === 1)!.cpus;
      const astray = seen.threads.filter(
        ({ role, cpus }) => role === 'vcpu' && !cpus.every(cpu => near.includes(cpu)),
      );
      stage.check(`vCPU threads off cell 1 of one-${one.id}`, astray, []);
      const maps = readFileSync(`/proc/${seen.pid}/maps`, 'utf8');
      stage.holds(
        'QEMU has the device open',
        maps.includes('vfio'),
        /.*vfio.*/.exec(maps)?.[0] ?? 'no vfio in maps',
      );
      await stage.cancel(running);
    }
    const far = guest(311, { HW_PCI_NUMA_AFFINITY_POLICY: 'required', PINFOLD_CELLS: '0,2-3' });
    const sentence = await stage.refused(far);
    stage.holds(
      'the sentence names the device or its cell',
      /0000:21:00\.0|device/i.test(sentence),
      sentence,
    );
    stage.check('domains', await stage.domains(), ['one-308']);
  },
};
