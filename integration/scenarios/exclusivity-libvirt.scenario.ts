import { dirname } from 'node:path';
import { readFileSync } from 'node:fs';
import type { ExclusiveGuest } from '../../src/formats/cgroup/partition-leaf.ts';
import { giveBack, take } from '../player/exclusivity.ts';
import { cgroupCpus, cgroupText } from '../player/spinning-guests.ts';
import type { Seen } from '../player/stage.ts';
import type { Scenario } from './scenario.ts';

const PARTITION = 'cpuset.cpus.partition';

export const scenario: Scenario = {
  starts:
    'through libvirt, a dedicated guest whose emulator threads have a CPU of their own, and one whose emulator threads float over its own CPUs',
  sees: [
    "libvirt's own group of each vCPU becomes a partition, and survives a daemon-reload and a CPUWeight on the slice of all guests",
    "where the emulator's group overlaps the vCPUs', the kernel refuses the partition, and fences stand instead",
    'the CPUs are back when libvirt ends the guests',
  ],
  hosts: ['trixie'],
  async play(stage) {
    const all = stage.onlineCpus;
    const apart = {
      id: 361,
      vcpus: 2,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
    };
    const running = await stage.deploy(apart);
    const guest = exclusiveGuest(await stage.agrees(apart), 'one-361');
    const own = guest.vcpus.map(({ cpus }) => Number(cpus)).sort((a, b) => a - b);
    const report = await take(guest, 'auto');
    stage.check('in force', report.inForce, 'partition');
    const groups = guest.vcpus.map(({ vcpu }) => `${guest.scope}/libvirt/vcpu${vcpu}`);
    const states = () => groups.map(group => cgroupText(group, PARTITION));
    stage.check(
      'CPUs of everybody else',
      cgroupCpus(''),
      all.filter(cpu => !own.includes(cpu)),
    );
    await stage.agrees(apart);
    await stage.program('systemctl', 'daemon-reload');
    await stage.program('systemctl', 'set-property', '--runtime', 'machine.slice', 'CPUWeight=90');
    stage.check('partitions after that', states(), ['root', 'root']);
    await stage.cancel(running);
    await giveBack(guest);
    stage.check('CPUs of everybody when it is gone', cgroupCpus(''), all);

    const floating = { ...apart, id: 362, pinfold: { HW_CPU_POLICY: 'dedicated' } };
    const second = await stage.deploy(floating);
    const other = exclusiveGuest(await stage.agrees(floating), 'one-362');
    const fenced = await take(other, 'auto');
    stage.check('in force with floating emulator threads', fenced.inForce, 'fence');
    stage.holds('it says why', fenced.sentences[0]!.includes('not exclusive'), fenced.sentences);
    const held = other.vcpus.map(({ cpus }) => Number(cpus));
    stage.check(
      'CPUs of services',
      cgroupCpus('/system.slice'),
      all.filter(cpu => !held.includes(cpu)),
    );
    await stage.agrees(floating);
    await giveBack(other);
    stage.check('CPUs of services afterwards', cgroupCpus('/system.slice'), all);
    await stage.cancel(second);
  },
};

function exclusiveGuest(seen: Seen, vm: string): ExclusiveGuest {
  const group = readFileSync(`/proc/${seen.pid}/cgroup`, 'utf8').trim().slice('0::'.length);
  const vcpus = seen.threads.filter(({ role }) => role === 'vcpu');
  return {
    vm,
    scope: dirname(dirname(group)),
    vcpus: vcpus.map(({ tid, number, cpus }) => ({ tid, vcpu: number!, cpus: cpus.join(',') })),
  };
}
