import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a dedicated guest, which is saved; another one, which takes its CPU; then the first is restored beside it',
  sees: [
    'after the save its CPU is free again: the second guest gets it',
    "the saved pins are not used: the restored guest's vCPU has another CPU",
    "ledger, libvirt's XML and the kernel agree on every thread of both",
  ],
  hosts: ['this-machine', 'trixie'],
  async play(stage) {
    const pinfold = { HW_CPU_POLICY: 'dedicated' };
    const saved = { id: 113, vcpus: 1, memoryMiB: 64, pinfold };
    const second = { id: 114, vcpus: 1, memoryMiB: 64, pinfold };
    const vcpuOf = async (guest: typeof saved) =>
      (await stage.agrees(guest)).threads.find(({ role }) => role === 'vcpu')!.cpus;

    const running = await stage.deploy(saved);
    const before = await vcpuOf(saved);
    const ended = await stage.save(running);
    stage.check('outcome of the save', [ended.result, ended.info], ['SUCCESS', ended.info]);
    stage.check('ledger after the save', stage.ledger, []);

    await stage.deploy(second);
    stage.check("CPU of the second guest's vCPU", await vcpuOf(second), before);
    const back = await stage.restore(running);
    stage.check('outcome of the restore', [back.result, back.info], ['SUCCESS', back.info]);
    const after = await vcpuOf(saved);
    stage.holds('the restored vCPU is elsewhere', after[0] !== before[0], { before, after });
    stage.check("CPU of the second guest's vCPU, still", await vcpuOf(second), before);
  },
};
