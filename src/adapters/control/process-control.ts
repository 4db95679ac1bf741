import type { GuestControl, NodePort, PageReturn } from '../../app/ports.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { readQemuProcesses, type QemuProcess } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads, type QemuThread } from '../../formats/proc/qemu-threads.ts';

/** taskset(1) takes milliseconds; one that does not end in this time never will. */
const TASKSET_TIMEOUT_MS = 15_000;
/** As long as a move through libvirt may take. */
const MOVE_TIMEOUT_MS = 3_600_000;

/**
 * Live changes on guests that are plain QEMU processes, as on Proxmox VE. vCPUs are known by their threads' names
 * (`CPU 0/KVM`, `CPU 0/TCG`), iothreads only where QEMU numbers them; every other thread is an emulator thread. Threads
 * are set with taskset(1). Memory of a guest in a systemd scope moves with the scope's AllowedMemoryNodes, which also
 * binds what comes later (recorded on kernel 6.12: all pages at once); elsewhere with migratepages(8), which binds
 * nothing.
 */
export function processControl(node: NodePort): GuestControl & PageReturn {
  const find = (vm: string) => readQemuProcesses(node.files).find(({ name }) => name === vm);
  const act = async (vm: string, work: (qemu: QemuProcess) => Promise<string | null>) => {
    const qemu = find(vm);
    return qemu === undefined ? `no QEMU process of ${vm} runs here` : work(qemu);
  };
  const said = async (argv: readonly string[], timeoutMs: number) => {
    const { code, stderr } = await node.run(argv, { timeoutMs });
    if (code === 0) return null;
    return (
      (stderr.trim().split('\n')[0] ?? '').replace(/\.$/, '') ||
      `${argv[0]!} ended with ${code ?? 'no'} exit code`
    );
  };
  const pin = async ({ pid }: QemuProcess, threads: readonly QemuThread[], cpus: string) => {
    let refused: string | null = null;
    for (const { tid } of threads) {
      const answer = await said(['taskset', '-pc', cpus, String(tid)], TASKSET_TIMEOUT_MS);
      // A worker thread that ended meanwhile needs no CPUs.
      if (answer !== null && node.files.read(`/proc/${pid}/task/${tid}/stat`) !== null) refused ??= answer;
    }
    return refused;
  };
  const pinNumbered = (vm: string, role: 'vcpu' | 'iothread', wanted: { index: number; cpus: string }) =>
    act(vm, qemu => {
      const threads = readQemuThreads(node.files, qemu.pid).filter(
        thread => thread.role === role && thread.index === wanted.index,
      );
      const name = role === 'vcpu' ? 'vCPU' : 'iothread';
      if (threads.length === 0)
        return Promise.resolve(`${vm} has no thread that is named as ${name} ${wanted.index}`);
      return pin(qemu, threads, wanted.cpus);
    });
  const migrate = (qemu: QemuProcess, from: string, to: string) =>
    from === '' ? Promise.resolve(null) : said(['migratepages', String(qemu.pid), from, to], MOVE_TIMEOUT_MS);
  return {
    pinVcpu: (vm, index, cpus) => pinNumbered(vm, 'vcpu', { index, cpus }),
    pinIothread: (vm, index, cpus) => pinNumbered(vm, 'iothread', { index, cpus }),
    pinEmulator: (vm, cpus) =>
      act(vm, qemu =>
        pin(
          qemu,
          readQemuThreads(node.files, qemu.pid).filter(({ role }) => role === 'emulator'),
          cpus,
        ),
      ),
    moveMemory: (vm, cells) =>
      act(vm, qemu => {
        const scope = scopeOf(node, qemu.pid);
        if (scope === null) return migrate(qemu, cellsWithMemory(node, qemu.pid, cells), cells);
        const words = ['systemctl', 'set-property', '--runtime', scope, `AllowedMemoryNodes=${cells}`];
        return said(words, MOVE_TIMEOUT_MS);
      }),
    returnPages: (vm, from, to) => act(vm, qemu => migrate(qemu, from, to)),
  };
}

/** The systemd scope that the process lies in, by cgroup v2 or v1's systemd hierarchy; null where there is none. */
function scopeOf(node: NodePort, pid: number): string | null {
  const text = node.files.read(`/proc/${pid}/cgroup`) ?? '';
  const path = /^(?:0::|\d+:name=systemd:)(.*)$/m.exec(text)?.[1] ?? '';
  return path.split('/').find(part => part.endsWith('.scope')) ?? null;
}

function cellsWithMemory(node: NodePort, pid: number, but: string): string {
  const cells = readResidence(node.files.read(`/proc/${pid}/numa_maps`) ?? '').map(({ cell }) => cell);
  return [...new Set(cells)].filter(cell => !but.split(',').includes(String(cell))).join(',');
}
