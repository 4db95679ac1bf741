import { parseCpuList } from '../../domain/cpu-list.ts';
import type { ProcessId } from '../../domain/ledger.ts';
import { isAlive, pidOf } from '../../formats/proc/process-id.ts';
import type { NodePort } from '../ports.ts';

/** A worker that was given the mask of a guest to be born, and the one it had. */
export interface MaskedWorker {
  readonly process: ProcessId;
  readonly vm: string;
  readonly before: string;
}

/** Where masks and their workers are found. */
export interface MaskPlace {
  readonly node: NodePort;
  readonly stateFolder: string;
}

const NAME = /^worker-(\d+)\.json$/;

/**
 * Lets a worker run on these CPUs only, so that the QEMU which it forks, and what that touches first, is born there. What
 * it had is remembered before it is changed. Answers null, else one sentence why it was not done.
 */
export async function maskWorker(
  place: MaskPlace,
  worker: { readonly process: ProcessId; readonly vm: string },
  cpus: string,
): Promise<string | null> {
  const pid = pidOf(worker.process);
  const before = allowedCpus(place.node, pid);
  if (before === null) return `The task ${pid} that starts VM ${worker.vm} is not in /proc.`;
  const masked: MaskedWorker = { ...worker, before };
  place.node.writeAtomically(`${place.stateFolder}/worker-${pid}.json`, JSON.stringify(masked), 0o600);
  const said = await setMask(place.node, pid, cpus);
  if (said === null) return null;
  place.node.remove(`${place.stateFolder}/worker-${pid}.json`);
  return `The task that starts VM ${worker.vm} could not be put on CPUs ${cpus} (${said}), so QEMU is pinned only once it runs.`;
}

/**
 * Masks that nobody needs any more: of this worker, of workers that are gone, and of those whose start is over (`isOver`,
 * to be asked under the node's lock: who masks a worker has leased before).
 */
export function leftMasks(
  { node, stateFolder }: MaskPlace,
  worker: ProcessId,
  isOver: (vm: string) => boolean,
): readonly LeftMask[] {
  return node.files.list(stateFolder).flatMap(name => {
    if (!NAME.test(name)) return [];
    const path = `${stateFolder}/${name}`;
    const masked = parseMasked(node.files.read(path));
    const runs = masked !== null && isAlive(node.files, masked.process);
    if (runs && masked.process !== worker && !isOver(masked.vm)) return [];
    return [{ path, masked: runs ? masked : null }];
  });
}

/** A record of a mask; `masked` null = its worker is gone. */
export interface LeftMask {
  readonly path: string;
  readonly masked: MaskedWorker | null;
}

/** Gives workers the CPUs back that they had; answers a sentence for each that did not take them. */
export async function unmask(node: NodePort, left: readonly LeftMask[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const { path, masked } of left) {
    const said = masked === null ? null : await setMask(node, pidOf(masked.process), masked.before);
    if (said !== null && masked !== null && isAlive(node.files, masked.process))
      warnings.push(
        `The task ${pidOf(masked.process)} that started VM ${masked.vm} could not be given CPUs ${masked.before} back (${said}): run "taskset -pc ${masked.before} ${pidOf(masked.process)}".`,
      );
    node.remove(path);
  }
  return warnings;
}

async function setMask(node: NodePort, pid: number, cpus: string): Promise<string | null> {
  const { code, stderr } = await node.run(['taskset', '-p', '-c', cpus, String(pid)], { timeoutMs: 5000 });
  return code === 0 ? null : stderr.trim().replace(/\s+/g, ' ') || `taskset ended with ${code ?? 'a signal'}`;
}

/** The CPUs that a process may use, in the kernel's words; null when it is not there. */
export function allowedCpus(node: NodePort, pid: number): string | null {
  const status = node.files.read(`/proc/${pid}/status`) ?? '';
  return /^Cpus_allowed_list:[ \t]*(\S+)/m.exec(status)?.[1] ?? null;
}

function parseMasked(text: string | null): MaskedWorker | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Record<keyof MaskedWorker, unknown>> | null;
    const { process, vm, before } = value ?? {};
    if (typeof process !== 'string' || typeof vm !== 'string' || typeof before !== 'string') return null;
    if (parseCpuList(before).isEmpty) return null;
    return { process, vm, before };
  } catch {
    return null;
  }
}
