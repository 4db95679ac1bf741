import { readFileSync, writeFileSync } from 'node:fs';
import { makeStateFolder, mends } from '../player/reconciling.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a dedicated guest, and gives the cpuset of a vCPU one more CPU behind libvirt’s back',
  sees: [
    'reconcile names the cpuset while the kernel still keeps the thread where it was',
    'and names it as the cause when the thread has gone along',
    'cpuset and thread are back afterwards, and a second run finds nothing',
  ],
  hosts: ['trixie'],
  async play(stage) {
    await makeStateFolder(stage);
    const guest = {
      id: 342,
      vcpus: 2,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
    };
    await stage.deploy(guest);
    const seen = await stage.agrees(guest);
    const thread = seen.threads.find(({ role, number }) => role === 'vcpu' && number === 1)!;
    const own = thread.cpus[0]!;
    const wider = `${own},${own === 15 ? 0 : own + 1}`;
    // The cgroup's line is `0::/machine.slice/…/libvirt/vcpu1`.
    const group = readFileSync(`/proc/${seen.pid}/task/${thread.tid}/cgroup`, 'utf8')
      .trim()
      .slice('0::'.length);
    const cpuset = `/sys/fs/cgroup${group}/cpuset.cpus`;
    writeFileSync(cpuset, wider);
    await mends(stage, ['one-342 cpuset-astray cpuset-widened vCPU 1']);
    stage.check('the cpuset', readFileSync(cpuset, 'utf8').trim(), String(own));
    writeFileSync(cpuset, wider);
    await stage.program('taskset', '-pc', wider, String(thread.tid));
    await mends(stage, ['one-342 vcpu-astray cpuset-widened vCPU 1']);
    stage.check('the cpuset', readFileSync(cpuset, 'utf8').trim(), String(own));
    await stage.agrees(guest);
  },
};
