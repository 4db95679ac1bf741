import { readFileSync } from 'node:fs';
import { cpuNumbers } from '../kit/cpu-numbers.ts';
import type { Scenario } from './scenario.ts';

/** The threads of a CPU's core, from sysfs. */
function siblings(cpu: number): number[] {
  return cpuNumbers(readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8'));
}

export const scenario: Scenario = {
  starts: 'on a machine with SMT, two dedicated guests of two vCPUs: thread policy isolate, and require',
  sees: [
    "isolate: each vCPU has a core of its own, and the claim holds that core's other thread too",
    'require: both vCPUs are the two threads of one core, and the guest is told so',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['trixie'],
  async play(stage) {
    const guest = (id: number, policy: string) => ({
      id,
      vcpus: 2,
      memoryMiB: 32,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_CPU_THREAD_POLICY: policy },
    });
    const look = async (one: ReturnType<typeof guest>) => {
      await stage.deploy(one);
      const seen = await stage.agrees(one);
      const cpus = seen.threads.filter(({ role }) => role === 'vcpu').flatMap(thread => thread.cpus);
      const claimed = seen.record!.claim.cells.flatMap(cell => cpuNumbers(cell.pcpus));
      return { cpus, claimed: claimed.sort((a, b) => a - b), xml: seen.xml };
    };
    const isolated = await look(guest(305, 'isolate'));
    stage.check('threads of a core, counted', siblings(isolated.cpus[0]!).length, 2);
    const cores = isolated.cpus.flatMap(siblings).sort((a, b) => a - b);
    stage.check('cores of the isolated vCPUs, counted in threads', new Set(cores).size, 4);
    stage.check('CPUs that the isolated guest claims', isolated.claimed, cores);
    const paired = await look(guest(306, 'require'));
    stage.check(
      'CPUs of the vCPUs that must be siblings',
      [...paired.cpus].sort((a, b) => a - b),
      siblings(paired.cpus[0]!),
    );
    stage.holds(
      "the guest's topology has threads",
      /<topology [^>]*threads='2'/.test(paired.xml),
      /<topology [^>]*>/.exec(paired.xml)?.[0],
    );
    stage.check(
      'CPUs of both guests in common',
      paired.claimed.filter(cpu => cores.includes(cpu)),
      [],
    );
  },
};
