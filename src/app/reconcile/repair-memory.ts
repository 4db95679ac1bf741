import type { Drift } from '../../domain/drift.ts';
import type { NodePort } from '../ports.ts';

/** What earlier runs of reconcile left for the next one. */
export interface RepairMemory {
  /** CPUs that were offline. */
  readonly offline: string;
  /** What guests without pins are let run on, by process. */
  readonly confined: Readonly<Record<string, string>>;
  /** How often, and when last, each item was mended, by {@link keyOfDrift}. */
  readonly mended: Readonly<Record<string, { readonly times: number; readonly lastSeconds: number }>>;
}

const KIND = 'pinfold/reconcile-memory';
/** An item that was mended this often is not mended again while somebody undoes it. */
export const MOST_REPAIRS = 3;
/** Seconds after which a repair is forgotten: an hour, sixty runs of the timer. */
const FORGET_SECONDS = 3600;

export const NO_MEMORY: RepairMemory = { offline: '', confined: {}, mended: {} };

/** The same thing of the same guest, whatever it was found on. */
export function keyOfDrift({ code, vm, subject }: Drift, process: string): string {
  return `${vm} ${process} ${code} ${subject}`;
}

/** What is remembered; nothing when the file is missing, damaged or of another boot. */
export function readRepairMemory(
  node: NodePort,
  path: string,
  at: { boot: string; seconds: number },
): RepairMemory {
  try {
    const value = JSON.parse(node.files.read(path) ?? 'null') as
      | (RepairMemory & { kind?: unknown; boot?: unknown })
      | null;
    if (value?.kind !== KIND || value.boot !== at.boot) return NO_MEMORY;
    const mended = Object.entries(value.mended).filter(
      ([, { times, lastSeconds }]) => Number.isFinite(times) && at.seconds - lastSeconds < FORGET_SECONDS,
    );
    const confined = Object.entries(value.confined).filter(([, cpus]) => typeof cpus === 'string');
    return {
      offline: /^[\d,-]*$/.test(value.offline) ? value.offline : '',
      confined: Object.fromEntries(confined),
      mended: Object.fromEntries(mended),
    };
  } catch {
    return NO_MEMORY;
  }
}

/** Remembers it, where it differs from `before`; removes the file when there is nothing to remember. */
export function writeRepairMemory(
  node: NodePort,
  path: string,
  {
    memory,
    before,
    boot,
  }: { readonly memory: RepairMemory; readonly before: RepairMemory; readonly boot: string },
): void {
  if (JSON.stringify(memory) === JSON.stringify(before)) return;
  if (JSON.stringify(memory) === JSON.stringify(NO_MEMORY)) node.remove(path);
  else node.writeAtomically(path, `${JSON.stringify({ kind: KIND, boot, ...memory })}\n`, 0o660);
}
