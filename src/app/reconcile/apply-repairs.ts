import { pidOf } from '../../formats/proc/process-id.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { readQemuThreads, type QemuThread } from '../../formats/proc/qemu-threads.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { GuestControl, NodePort, PageReturn } from '../ports.ts';
import { isGuestMemory } from './find-memory.ts';
import type { Observed } from './observed.ts';
import type { Act, Repair, RepairPlan } from './repair.ts';

/** What was made of a plan. */
export interface Applied {
  readonly made: readonly Repair[];
  /** Why a finding is not mended, by its index. */
  readonly failed: ReadonlyMap<number, string>;
}

/** What repairs are made with. */
export interface RepairTools {
  readonly node: NodePort;
  readonly control: GuestControl & PageReturn;
}

/**
 * Makes the repairs in their order. Each is looked at afterwards: what the system said it did must be seen. After one that
 * failed, nothing more is done for that finding; later ones of other guests go on, unless they would be put onto CPUs that
 * a thread which had to leave still stands on.
 */
export async function applyRepairs(plan: RepairPlan, seen: Observed, tools: RepairTools): Promise<Applied> {
  const made: Repair[] = [];
  const failed = new Map<number, string>();
  const stuck: string[] = [];
  for (const repair of plan.repairs) {
    if (failed.has(repair.finding)) continue;
    const blocker = stuck.find(cpus => 'cpus' in repair.act && overlaps(cpus, repair.act.cpus));
    const answer =
      blocker === undefined
        ? await make(repair, seen, tools)
        : `a thread that had to leave CPU ${blocker} is still there`;
    if (answer === null) {
      made.push(repair);
      continue;
    }
    failed.set(repair.finding, answer);
    if ('cpus' in repair.act) stuck.push(repair.from);
  }
  return { made, failed };
}

function overlaps(left: string, right: string): boolean {
  return parseCpuList(left).size === 1 && parseCpuList(right).size === 1 && left === right;
}

async function make({ vm, act }: Repair, seen: Observed, tools: RepairTools): Promise<string | null> {
  const { control, node } = tools;
  const answer = await call(vm, act, tools);
  if (answer !== null) return answer;
  const guest = seen.guests.find(one => one.vm === vm);
  return guest === undefined ? null : lookAgain(act, { node, pid: pidOf(guest.process), control });
}

function call(vm: string, act: Act, { control, node }: RepairTools): Promise<string | null> {
  switch (act.kind) {
    case 'pin-vcpu':
      return control.pinVcpu(vm, act.index, act.cpus);
    case 'pin-iothread':
      return control.pinIothread(vm, act.index, act.cpus);
    case 'pin-emulator':
      return control.pinEmulator(vm, act.cpus);
    case 'bind-memory':
      return control.moveMemory(vm, act.cells);
    case 'return-pages':
      return control.returnPages(vm, act.from, act.to);
    case 'remove-file':
      node.remove(act.path);
      return Promise.resolve(null);
  }
}

function lookAgain(
  act: Act,
  { node, pid }: { readonly node: NodePort; readonly pid: number; readonly control: GuestControl },
): string | null {
  if (act.kind === 'remove-file') return null;
  if ('cpus' in act) {
    const wanted = parseCpuList(act.cpus);
    const threads = readQemuThreads(node.files, pid).filter(thread => isMeant(thread, act));
    const astray = threads.find(({ allowed }) => !allowed.isSubsetOf(wanted));
    return astray === undefined
      ? null
      : `it was set to ${act.cpus}, but the kernel lets it run on ${astray.allowed.toString()}`;
  }
  const cells = parseCpuList(act.kind === 'bind-memory' ? act.cells : act.to);
  const from = act.kind === 'return-pages' ? parseCpuList(act.from) : null;
  const left = readResidence(node.files.read(`/proc/${pid}/numa_maps`) ?? '').filter(({ cell }) =>
    from === null ? !cells.has(cell) : from.has(cell),
  );
  const mib = Math.ceil(left.reduce((sum, part) => sum + part.mib, 0));
  return isGuestMemory(left)
    ? `${mib} MiB stayed where they were: see whether cell ${cells.toString()} has room`
    : null;
}

function isMeant({ role, index }: QemuThread, act: Extract<Act, { cpus: string }>): boolean {
  if (act.kind === 'pin-emulator') return role === 'emulator';
  return role === (act.kind === 'pin-vcpu' ? 'vcpu' : 'iothread') && index === act.index;
}
