import { uptime } from 'node:os';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { cgroupFile } from '../../formats/cgroup/cgroup-file.ts';
import { groupExists, groupsIn } from '../../formats/cgroup/read-cpuset.ts';
import { makeGroup, removeGroup, writeCgroupFile } from './cgroup-kernel.ts';
import { effectiveCpus } from './cgroups.ts';
import { cpusOfCell, onlineCells, onlineCpus } from './hardware.ts';
import { KernelError } from './kernel-error.ts';
import { BASE_PAGE_KIB, gatherPages, movePages, pagesIn, type PageUse } from './page-pools.ts';
import { addProcess, cpusOfTask, takeTaskNumbers } from './processes.ts';
import { type Backend, readQemuWords } from './proxmox-qemu-words.ts';
import { settingSeen } from './scope-drop-ins.ts';
import { enableCpuset } from './systemctl.ts';
import { TreeFiles } from './tree-files.ts';
import { withTreeLock } from './tree-lock.ts';

/** A QEMU that Proxmox VE would start. */
export interface QemuToStart {
  readonly vmid: string;
  /** As qemu-server makes it: `taskset …` in front where the config has an affinity. */
  readonly argv: readonly string[];
  /** The task that forks it, whose mask it is born with; null = one of all CPUs. */
  readonly worker: number | null;
}

/** How that ended. */
export interface QemuEnd {
  readonly code: number;
  readonly output: string;
}

/** QEMU threads besides vCPUs and iothreads (seen under Proxmox VE with QEMU 10); all iothreads keep the process's name. */
const EMULATOR_THREADS = ['kvm', 'call_rcu', 'IO mon_iothread', 'vnc_worker'] as const;
const TICKS_PER_SECOND = 100;
const SLICE = '/qemu.slice';
const RUN = '/run/qemu-server';

/**
 * Starts QEMU in a scope of qemu.slice as qemu-server does after pre-start, on the tree at `root`:
 *
 * 1. systemd makes the scope and reads the drop-ins that it knows of. CPUs or cells that do not exist leave the scope
 *    unconfined without a word.
 * 2. taskset: a list outside the scope's CPUs is `Invalid argument`, and QEMU does not start.
 * 3. QEMU's threads are born with the worker's mask, cut by the scope's CPUs.
 * 4. Memory that is bound outside the scope's cells: `cannot bind memory to host NUMA nodes: Invalid argument`.
 *
 * All recorded on Debian 13 with systemd 257 and Linux 6.12.
 */
export function startProxmoxQemu(root: string, qemu: QemuToStart): QemuEnd {
  const files = new TreeFiles(root);
  return withTreeLock(files, () => {
    const group = `${SLICE}/${qemu.vmid}.scope`;
    makeScope(files, group);
    try {
      launch(files, group, qemu);
      return { code: 0, output: '' };
    } catch (error) {
      if (!(error instanceof QemuDied)) throw error;
      files.remove(cgroupFile(group, '').slice(0, -1));
      return { code: 1, output: `${error.message}\n` };
    }
  });
}

/** Ends a VM's QEMU, as a stop or SIGKILL does, with its scope and what set-property left; null is fine. */
export function endProxmoxQemu(root: string, vmid: string): void {
  const files = new TreeFiles(root);
  withTreeLock(files, () => {
    const pid = (files.read(`${RUN}/${vmid}.pid`) ?? '').trim();
    if (pid !== '' && files.exists(`/proc/${pid}`)) {
      const uses = pagesIn(files.read(`/proc/${pid}/numa_maps`) ?? '');
      files.move(`/proc/${pid}`, `/proc/.${pid}-gone`);
      files.remove(`/proc/.${pid}-gone`);
      movePages(files, uses, -1);
    }
    const group = `${SLICE}/${vmid}.scope`;
    for (const inner of [...groupsIn(files, group), group])
      removeGroup(files, cgroupFile(inner, '').slice(0, -1));
    for (const name of ['pid', 'qmp']) files.remove(`${RUN}/${vmid}.${name}`);
    files.remove(`/run/systemd/transient/${vmid}.scope.d`);
  });
}

/** QEMU or taskset ended at once, with these words. */
class QemuDied extends Error {}

function makeScope(files: TreeFiles, group: string): void {
  for (const path of [SLICE, group]) makeGroup(files, cgroupFile(path, '').slice(0, -1));
  const unit = group.slice(SLICE.length + 1);
  const cpus = settingSeen(files, unit, 'AllowedCPUs');
  const cells = settingSeen(files, unit, 'AllowedMemoryNodes');
  if (settingSeen(files, unit, 'Delegate') === 'cpuset' || cpus !== null || cells !== null)
    enableCpuset(files, group);
  if (cpus !== null && parseCpuList(cpus).intersects(onlineCpus(files)))
    quietly(() => {
      writeCgroupFile(files, cgroupFile(group, 'cpuset.cpus'), cpus);
    });
  if (cells !== null && parseCpuList(cells).isSubsetOf(onlineCells(files)))
    files.write({ path: cgroupFile(group, 'cpuset.mems'), text: `${parseCpuList(cells).toString()}\n` });
}

/** systemd notes what the kernel refuses in its journal and goes on. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  }
}

function launch(files: TreeFiles, group: string, { vmid, argv, worker }: QemuToStart): void {
  const words = readQemuWords(argv);
  const cpus = birthMask(files, group, { affinity: words.affinity, worker });
  const own = parseCpuList((files.read(cgroupFile(group, 'cpuset.mems')) ?? '').trim());
  const cells = own.isEmpty ? onlineCells(files) : own;
  const uses = words.backends.map(backend => takeMemory(files, backend, { cells, cpus }));
  const names = [
    ...EMULATOR_THREADS,
    ...words.iothreads.map(() => 'kvm'),
    ...Array.from({ length: words.vcpus }, (_, vcpu) => `CPU ${vcpu}/KVM`),
  ];
  const tids = takeTaskNumbers(files, names.length);
  movePages(files, uses.flat(), 1);
  addProcess(files, {
    argv: words.qemu,
    startTicks: Math.floor(uptime() * TICKS_PER_SECOND),
    threads: names.map((name, at) => ({ tid: tids[at]!, name, group, cpus, realtime: null })),
    cells,
    numaMaps: words.backends.map((backend, at) => numaMap(backend, uses[at]!, at)).join(''),
  });
  files.write({ path: cgroupFile(group, 'cgroup.procs'), text: `${tids[0]!}\n` });
  files.write({ path: cgroupFile(group, 'cgroup.threads'), text: tids.map(tid => `${tid}\n`).join('') });
  files.write({ path: `${RUN}/${vmid}.pid`, text: `${tids[0]!}\n` });
  const iothreads = words.iothreads.map((id, at) => ({
    id,
    'thread-id': tids[EMULATOR_THREADS.length + at],
  }));
  files.write({ path: `${RUN}/${vmid}.qmp`, text: JSON.stringify({ return: iothreads, id: 'pinfold' }) });
}

function birthMask(
  files: TreeFiles,
  group: string,
  { affinity, worker }: { readonly affinity: string | null; readonly worker: number | null },
): CpuSet {
  const allowed = groupExists(files, group) ? effectiveCpus(files, group) : onlineCpus(files);
  if (affinity !== null) {
    const asked = parseCpuList(affinity).intersect(allowed);
    if (asked.isEmpty) throw new QemuDied("taskset: failed to set pid 0's affinity: Invalid argument");
    return asked;
  }
  const inherited = worker === null ? allowed : parseCpuList(cpusOfTask(files, worker, worker));
  const cpus = inherited.intersect(allowed);
  return cpus.isEmpty ? allowed : cpus;
}

/** Bound memory from its cells alone; other memory from the cells of the birth mask first, within those allowed. */
function takeMemory(
  files: TreeFiles,
  backend: Backend,
  { cells, cpus }: { readonly cells: CpuSet; readonly cpus: CpuSet },
): PageUse[] {
  if (backend.cells !== null && !backend.cells.isSubsetOf(cells))
    throw new QemuDied('kvm: cannot bind memory to host NUMA nodes: Invalid argument');
  const from = backend.cells ?? cells;
  const isNear = (cell: number) => cpusOfCell(files, cell).intersects(cpus);
  const order = [...[...from].filter(isNear), ...[...from].filter(cell => !isNear(cell))];
  const pages = Math.ceil((backend.memoryMiB * 1024) / backend.pageKib);
  const uses = gatherPages(files, { cells: order, sizeKib: backend.pageKib, pages }, []);
  if (backend.pageKib !== BASE_PAGE_KIB && uses.reduce((sum, use) => sum + use.pages, 0) < pages)
    throw new QemuDied('kvm: unable to map backing store for guest RAM: Cannot allocate memory');
  return uses;
}

function numaMap(backend: Backend, uses: readonly PageUse[], at: number): string {
  const address = (0x7f0000000000 + at * 0x10000000000).toString(16);
  const policy = backend.cells === null ? 'default' : `${backend.policy}:${backend.cells.toString()}`;
  const kind = backend.pageKib === BASE_PAGE_KIB ? 'anon' : 'file=/run/hugepages/kvm huge dirty';
  const total = uses.reduce((sum, use) => sum + use.pages, 0);
  const places = uses.map(use => ` N${use.cell}=${use.pages}`).join('');
  return `${address} ${policy} ${kind}=${total}${places} kernelpagesize_kB=${backend.pageKib}\n`;
}
