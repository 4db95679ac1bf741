import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';

/** One thread of a QEMU process and the CPUs that it may run on now. */
export interface QemuThread {
  readonly tid: number;
  readonly role: 'vcpu' | 'iothread' | 'emulator';
  /** vCPU number or iothread number (libvirt's `iothreadN`); null where the name has none. */
  readonly index: number | null;
  readonly allowed: CpuSet;
}

/**
 * The threads of a QEMU process by role, in order of their ids. QEMU names them where libvirt and Proxmox ask it
 * to (`debug-threads=on`): `CPU 0/KVM`, `CPU 0/TCG`, `IO iothread1` (a number only with libvirt's names). Every
 * other thread is an emulator thread, the monitor's `IO mon_iothread` too. Threads that end while they are read
 * are left out.
 */
export function readQemuThreads(tree: TextTree, pid: number): QemuThread[] {
  return tree
    .list(`/proc/${pid}/task`)
    .map(Number)
    .filter(tid => Number.isInteger(tid))
    .sort((a, b) => a - b)
    .flatMap(tid => readThread(tree, `/proc/${pid}/task/${tid}`, tid));
}

function readThread(tree: TextTree, folder: string, tid: number): QemuThread[] {
  const status = tree.read(`${folder}/status`);
  const mask = status === null ? null : /^Cpus_allowed_list:[ \t]*(\S*)/m.exec(status);
  if (mask === null) return [];
  const name = (tree.read(`${folder}/comm`) ?? '').trim();
  return [{ tid, ...roleOf(name), allowed: cpusOf(mask[1]!) }];
}

function roleOf(name: string): Pick<QemuThread, 'role' | 'index'> {
  const vcpu = /^CPU (\d+)\/[A-Z]/.exec(name);
  if (vcpu !== null) return { role: 'vcpu', index: Number(vcpu[1]) };
  const iothread = /^IO iothread(\d+)$/.exec(name);
  if (iothread !== null) return { role: 'iothread', index: Number(iothread[1]) };
  if (/^IO (?!mon_iothread)/.test(name)) return { role: 'iothread', index: null };
  return { role: 'emulator', index: null };
}

function cpusOf(list: string): CpuSet {
  try {
    return parseCpuList(list);
  } catch {
    return CpuSet.EMPTY;
  }
}
