import { readFileSync } from 'node:fs';
import type { Scenario } from './scenario.ts';

/** Behind a bridge of cell 1. */
const DEVICE = '0000:21:00.0';

export const scenario: Scenario = {
  starts: `a dedicated guest that is passed the PCI device ${DEVICE} (VFIO), which sits on cell 1, and one that must have it near but may not use that cell`,
  sees: [
    'all vCPUs and pages of the first are on cell 1, and QEMU has the device open',
    'the second is refused because of its device, and nothing starts',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['trixie'],
  async play(stage) {
    const cell = readFileSync(`/sys/bus/pci/devices/${DEVICE}/numa_node`, 'utf8').trim();
    stage.check('cell of the device', cell, '1');
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
    const near = guest(309, {});
    const running = await stage.deploy(near);
    const seen = await stage.agrees(near);
    stage.check('pages on each cell', stage.hugePagesOf(seen), { 1: 16 });
    const { cpus } = stage.cells.find(({ id }) => id === 1)!;
    const astray = seen.threads.filter(
      thread => thread.role === 'vcpu' && !thread.cpus.every(cpu => cpus.includes(cpu)),
    );
    stage.check('vCPU threads off cell 1', astray, []);
    const maps = readFileSync(`/proc/${seen.pid}/maps`, 'utf8');
    stage.holds(
      'QEMU has the device open',
      /\[vfio-device\]|\/dev\/vfio/.test(maps),
      /.*vfio.*/.exec(maps)?.[0],
    );
    await stage.cancel(running);

    const far = guest(311, { HW_PCI_NUMA_AFFINITY_POLICY: 'required', PINFOLD_CELLS: '0,2-3' });
    const sentence = await stage.refused(far);
    stage.holds('the sentence speaks of the device', /\bdevice\b.*\bnear\b/.test(sentence), sentence);
    stage.check('domains', await stage.domains(), []);
  },
};
