import { cpuNumbers } from '../kit/cpu-numbers.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts: 'a guest with one dedicated vCPU and isolated emulator threads',
  sees: [
    'the vCPU thread may run on exactly one CPU',
    'no emulator thread may run there; all have one other CPU of the same cell',
    "ledger, libvirt's XML and the kernel agree on every thread",
  ],
  hosts: ['this-machine', 'trixie'],
  async play(stage) {
    const guest = {
      id: 101,
      vcpus: 1,
      memoryMiB: 64,
      pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
    };
    await stage.deploy(guest);
    const { threads, record } = await stage.agrees(guest);
    const vcpu = threads.find(thread => thread.role === 'vcpu')!.cpus;
    const emulator = threads.find(thread => thread.role === 'emulator')!.cpus;
    stage.check('CPUs of the vCPU thread, counted', vcpu.length, 1);
    stage.check('CPUs of the emulator threads, counted', emulator.length, 1);
    stage.holds('the emulator threads are apart from the vCPU', vcpu[0] !== emulator[0], { vcpu, emulator });
    const cellOf = (cpu: number) => stage.cells.find(cell => cell.cpus.includes(cpu))?.id;
    stage.check('cell of the emulator threads', cellOf(emulator[0]!), cellOf(vcpu[0]!));
    const claimed = record!.claim.cells.flatMap(cell => cpuNumbers(cell.pcpus)).sort((a, b) => a - b);
    stage.check(
      'CPUs that the claim takes',
      claimed,
      [vcpu[0]!, emulator[0]!].sort((a, b) => a - b),
    );
  },
};
