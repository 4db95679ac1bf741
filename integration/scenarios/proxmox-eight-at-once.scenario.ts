import { OPERATOR, ONE_CELL } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

const VMIDS = Array.from({ length: 8 }, (_, index) => 140 + index);

export const scenario: Scenario = {
  starts: `${VMIDS.length} qm starts at the same moment, each of a dedicated guest of one vCPU`,
  sees: [
    'all start, and no CPU has two vCPUs',
    'ledger and kernel agree on every thread of every guest',
    'each guest’s vCPU is a valid partition',
    'nothing is left when all are stopped at once',
  ],
  isLong: true,
  startsMany: true,
  hosts: ['trixie'],
  proxmox: OPERATOR,
  async play(stage) {
    const pve = stage.proxmox;
    for (const vmid of VMIDS)
      pve.configure(vmid, { ...ONE_CELL, cores: 1, memory: 32, hookscript: 'local:snippets/pinfold' });
    const ends = await Promise.all(VMIDS.map(vmid => pve.qm('start', vmid)));
    stage.check(
      'exit codes',
      ends.map(({ code }) => code),
      VMIDS.map(() => 0),
    );
    stage.holds(
      'the slowest start',
      true,
      `${(Math.max(...ends.map(({ millis }) => millis)) / 1000).toFixed(1)} s`,
    );
    for (const vmid of VMIDS) {
      pve.agrees(vmid, 1);
      pve.isPartition(vmid, 'beside seven others');
    }
    const cpus = VMIDS.flatMap(vmid => pve.vcpuCpus(vmid));
    stage.check('vCPUs on CPUs of their own', new Set(cpus).size, VMIDS.length);
    stage.check('user threads that may run on dedicated CPUs', pve.intruders(cpus, VMIDS), []);
    await Promise.all(VMIDS.map(vmid => pve.mustQm('stop', vmid)));
    for (const vmid of VMIDS) await pve.gone(vmid);
  },
};
