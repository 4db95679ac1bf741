import type { ProcessId } from '../../domain/ledger.ts';
import type { LedgerStore, NodePort, NodeLock } from '../ports.ts';

/** The phases in which Proxmox VE calls a VM's hook script. */
export const PHASES = ['pre-start', 'post-start', 'pre-stop', 'post-stop'] as const;
export type Phase = (typeof PHASES)[number];

/** One call of the hook. */
export interface HookCall {
  readonly vmid: string;
  readonly phase: Phase;
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  /** Held while cgroups are changed. */
  readonly cgroupLock: NodeLock;
  readonly iothreads: IothreadPort;
  /** The task that starts or stops the VM and of which QEMU will be a child. */
  readonly worker: Worker;
  /** PVE_MIGRATED_FROM; null when it is unset or empty. */
  readonly migratedFrom: string | null;
  readonly folders: { readonly policy: string; readonly state: string };
  /** Told of each point behind which a killed hook leaves another state; tests end the process there. */
  readonly at: (point: string) => void;
}

/** The process that called the hook. */
export interface Worker {
  readonly pid: number;
  readonly process: ProcessId;
  /** Its command line, `task UPID:…` for a task's. */
  readonly title: string;
}

/** The iothreads of a running QEMU, which only its monitor can tell from its other threads. */
export interface IothreadPort {
  /** Threads by the iothread's id, in the order of the ids; null when the monitor did not answer. */
  query(vmid: string): Promise<ReadonlyMap<string, number> | null>;
}

/** What the task log and Proxmox VE get. */
export interface HookAnswer {
  readonly code: 0 | 1;
  readonly lines: readonly string[];
}

/** Nothing to say: the guest is none of ours. */
export const SILENT: HookAnswer = { code: 0, lines: [] };

/** A line of the task log. */
export function logLine(sentence: string): string {
  return `pinfold: ${oneLine(sentence)}`;
}

/** Lines that stand out in the task log. */
export function warningLines(warnings: readonly string[]): readonly string[] {
  return warnings.map(warning => `WARN: pinfold: ${oneLine(warning)}`);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
