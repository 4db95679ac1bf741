import { cpuNumbers } from '../kit/cpu-numbers.ts';
import { makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a guest whose vCPUs float within a cell, and binds one of their threads to one CPU with taskset',
  sees: [
    'reconcile names the hand that did it, because the cpuset of the thread is as decided',
    'the thread floats again afterwards, and a second run finds nothing',
  ],
  hosts: ['trixie'],
  async play(stage) {
    await makeStateFolder(stage);
    const guest = { id: 341, vcpus: 2, memoryMiB: 64, pinfold: { PINFOLD_CONFINE: 'cell' } };
    await stage.deploy(guest);
    const seen = await stage.agrees(guest);
    const thread = seen.threads.find(({ role, number }) => role === 'vcpu' && number === 1)!;
    const one = String(cpuNumbers(seen.record!.placement!.pins['1']!)[0]!);
    await stage.program('taskset', '-pc', one, String(thread.tid));
    await stage.checkThatFails('a thread that is bound by hand', () => stage.agrees(guest));
    await mends(stage, ['one-341 vcpu-astray pinned-by-hand vCPU 1']);
    await stage.agrees(guest);
  },
};
