import { sleep } from '../kit/wait-until.ts';
import { threadTicks } from '../player/spinning-guests.ts';
import type { Stage } from '../player/stage.ts';
import { backendPages, largePagesByCell } from '../player/pve-reading.ts';
import { OPERATOR, ONE_CELL, twoCells } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'by qm start a guest of two cells with 2 MiB pages and one of a single cell, both dedicated, beside two guests without policy, a busy service and a busy process in a container-like cgroup',
  sees: [
    'before post-start, memory is confined to the leased cells and every thread to the leased CPUs',
    'after it, each vCPU thread has exactly its pCPU and the memory of each guest cell is on its host cell',
    'the vCPUs of each dedicated guest are a valid partition, also after a daemon-reload, a CPUWeight change on a sibling scope and the stop of the other dedicated guest',
    'no other user thread of the machine may run on a dedicated CPU',
    'once all are stopped, nothing is left of them and all CPUs are everybody’s again',
  ],
  isLong: true,
  hosts: ['trixie'],
  proxmox: OPERATOR,
  async play(stage) {
    const pve = stage.proxmox;
    const hookscript = pve.watchedHook();
    pve.configure(100, { ...twoCells([1, 2]), hookscript });
    pve.configure(101, { ...ONE_CELL, hookscript });
    for (const vmid of [102, 103]) pve.configure(vmid, { cores: 1, memory: 32 });
    for (const vmid of [102, 100, 101, 103]) await pve.mustQm('start', vmid);
    for (const [vmid, cells] of [
      [100, [1, 2]],
      [101, null],
    ] as const) {
      const { placement } = pve.see(vmid).record;
      const decided = placement!.cells.map(({ hostCell }) => hostCell).sort((a, b) => a - b);
      if (cells !== null) stage.check(`host cells of VM ${vmid}`, decided, cells);
      const leased = [...pve.vcpuCpus(vmid), ...[0, 8]];
      const { threads, numaMaps } = pve.newborn(vmid);
      stage.check(
        `threads of the newborn VM ${vmid} that may leave its CPUs`,
        threads
          .filter(({ cpus }) => cpus.some(cpu => !leased.includes(cpu)))
          .map(({ name, cpus }) => [name, cpus.join()]),
        [],
      );
      stage.check(
        `threads of the newborn VM ${vmid} that may take memory elsewhere`,
        threads.filter(thread => thread.cells.join() !== decided.join()).map(({ name }) => name),
        [],
      );
      stage.holds(`the newborn VM ${vmid} was looked at`, threads.length > 2, threads.length);
      if (cells === null)
        stage.check(
          `cells of the newborn VM ${vmid}'s large mappings`,
          Object.keys(largePagesByCell(numaMaps)),
          decided.map(String),
        );
      pve.agrees(vmid, vmid === 100 ? 4 : 2);
      pve.isPartition(vmid, 'after its start');
    }
    const { pid } = pve.see(100);
    stage.check(
      '2 MiB pages of each guest cell of VM 100, by host cell',
      backendPages(stage.read(`/proc/${pid}/numa_maps`)),
      {
        'ram-node0': { 1: 32 },
        'ram-node1': { 2: 32 },
      },
    );
    const dedicated = [...pve.vcpuCpus(100), ...pve.vcpuCpus(101)];
    stage.check('user threads that may run on dedicated CPUs', pve.intruders(dedicated, [100, 101]), []);
    await othersStayOff(stage, dedicated);

    await stage.program('systemctl', 'daemon-reload');
    pve.isPartition(100, 'after a daemon-reload');
    await stage.program('systemctl', 'set-property', '--runtime', '102.scope', 'CPUWeight=50');
    pve.isPartition(100, 'after a CPUWeight change on a sibling');
    await pve.mustQm('stop', 101);
    await pve.gone(101);
    pve.isPartition(100, 'after the stop of VM 101');
    pve.agrees(100, 4);
    stage.check('user threads that may run on dedicated CPUs', pve.intruders(pve.vcpuCpus(100), [100]), []);
    await pve.mustQm('stop', 100);
    await pve.gone(100);
    stage.check('CPUs of everybody', stage.read('/sys/fs/cgroup/cpuset.cpus.effective').trim(), '0-15');
  },
};

/** A service and a container-like cgroup that never rest, and the guests without policy, do not run on these CPUs. */
async function othersStayOff(stage: Stage, dedicated: readonly number[]): Promise<void> {
  const spin = 'while :; do :; done';
  const join = 'mkdir -p /sys/fs/cgroup/lxc/200 && echo $$$$ > /sys/fs/cgroup/lxc/200/cgroup.procs';
  const units = ['busy-service', 'busy-container'];
  await stage.program('systemd-run', '-q', `--unit=${units[0]!}`, 'sh', '-c', spin);
  await stage.program('systemd-run', '-q', `--unit=${units[1]!}`, 'sh', '-c', `${join}; ${spin}`);
  const loops = await Promise.all(
    units.map(async unit =>
      Number(await stage.program('systemctl', 'show', unit, '-p', 'MainPID', '--value')),
    ),
  );
  try {
    const others = [...loops, ...[102, 103].map(vmid => stage.proxmox.pidOf(vmid)!)];
    const start = loops.map(pid => threadTicks(pid, pid).ticks);
    const seen = new Set<number>();
    for (let sample = 0; sample < 20; sample += 1) {
      const before = others.map(pid => threadTicks(pid, pid).ticks);
      await sleep(100);
      // Of a thread that did not run since, the kernel tells where it ran once.
      for (const [index, pid] of others.entries()) {
        const { ticks, cpu } = threadTicks(pid, pid);
        if (ticks > before[index]!) seen.add(cpu);
      }
    }
    const ran = loops.map((pid, index) => threadTicks(pid, pid).ticks - start[index]!);
    stage.holds(
      'the service and the container never rested',
      ran.every(ticks => ticks > 10),
      ran,
    );
    stage.check(
      'dedicated CPUs on which one of them was seen',
      dedicated.filter(cpu => seen.has(cpu)),
      [],
    );
  } finally {
    for (const pid of loops) process.kill(pid, 'SIGKILL');
    await stage.program('sh', '-c', 'sleep 1; rmdir /sys/fs/cgroup/lxc/200 /sys/fs/cgroup/lxc');
  }
}
