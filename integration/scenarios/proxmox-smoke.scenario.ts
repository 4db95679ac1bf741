import { ONE_CELL, OPERATOR } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'by qm start one dedicated guest beside one without policy, on the base of Proxmox VE 8 (with its kernel 6.1, which has no partitions)',
  sees: [
    'before post-start its memory is confined to its cell',
    'its vCPU thread has exactly its pCPU, and no other user thread may run there',
    'the guest without policy is not touched but for that',
    'stop and crash leave nothing',
  ],
  hosts: ['bookworm-small'],
  proxmox: {
    ...OPERATOR,
    policy: 'cpu_shared_set: "0"\ncpu_dedicated_set: "1-2"\nexclusivity: auto\n',
  },
  async play(stage) {
    const pve = stage.proxmox;
    const hookscript = pve.watchedHook();
    pve.configure(150, { ...ONE_CELL, cores: 1, hookscript });
    pve.configure(151, { cores: 1, memory: 32 });
    await pve.mustQm('start', 151);
    await pve.mustQm('start', 150);
    pve.agrees(150, 1);
    // Before Linux 6.2 a process that enters a cpuset loses its mask, so that only post-start puts QEMU on its CPUs; Proxmox
    // VE 8 has 6.2 and newer.
    const { threads } = pve.newborn(150);
    const { nodeset } = pve.see(150).record.placement!;
    stage.holds('the newborn VM 150 was looked at', threads.length > 2, threads.length);
    stage.check(
      'threads of the newborn VM 150 that may take memory elsewhere',
      threads.filter(({ cells }) => cells.join() !== nodeset).map(({ name }) => name),
      [],
    );
    stage.check('user threads that may run on its CPU', pve.intruders(pve.vcpuCpus(150), [150]), []);
    await pve.mustQm('stop', 150);
    await pve.gone(150);
    await pve.mustQm('start', 150);
    await pve.kill(150, 'SIGKILL');
    await pve.gone(150);
  },
};
