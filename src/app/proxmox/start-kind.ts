import type { GuestConfig } from '../../formats/proxmox/guest-config.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import { isUnderHa } from './ha-resources.ts';

/**
 * What a start is part of. Only a `plain` one may be ended and asked for again; `backup` and `template` starts are
 * over in a moment (vzdump starts a stopped VM paused, to read its disks). `after-backup`: the config is locked by a
 * backup, and the guest will run on.
 */
export type StartKind =
  | 'plain'
  | 'ha'
  | 'migration'
  | 'remote-migration'
  | 'backup'
  | 'after-backup'
  | 'template'
  | 'resume'
  | 'rollback'
  | 'restore';

/** What a start is told by. */
export interface StartFacts {
  readonly vmid: string;
  /** PVE_MIGRATED_FROM: qemu-server sets it for a live migration within the cluster, and empties it otherwise. */
  readonly migratedFrom: string | null;
  readonly config: Pick<GuestConfig, 'lock' | 'template'>;
  /** The worker's title: `task UPID:NODE:PID:PSTART:START:TYPE:ID:USER:`, by which its type is known. */
  readonly title: string;
}

/** Config locks that stand while a start of this kind is under way (qemu-server, PVE::QemuConfig). */
const BY_LOCK: Readonly<Record<string, StartKind>> = {
  backup: 'backup',
  suspended: 'resume',
  suspending: 'resume',
  rollback: 'rollback',
  create: 'restore',
  migrate: 'migration',
};

/** Types of tasks that start VMs besides qmstart (pve-manager, pve-guest-common, qemu-server). */
const BY_TASK: Readonly<Record<string, StartKind>> = {
  vzdump: 'backup',
  qmrollback: 'rollback',
  qmrestore: 'restore',
  qmcreate: 'restore',
  qmtunnel: 'remote-migration',
  qmigrate: 'migration',
};

/**
 * Tells what a start is part of, the surest sign first: the environment, the type of the task that starts it, the config's
 * lock, the template flag, the cluster's HA resources. A migration from another cluster has no sign in the environment;
 * it comes through a tunnel task. A config that a backup has locked is started by another task than the backup's when that
 * failed behind its stop of the guest, or left its lock behind (`qm start --skiplock`).
 */
export function startKind(facts: StartFacts, files: TextTree): StartKind {
  if (facts.migratedFrom !== null) return 'migration';
  const task = taskType(facts.title) ?? '';
  const byTask = BY_TASK[task];
  if (byTask !== undefined) return byTask;
  const byLock = BY_LOCK[facts.config.lock ?? ''];
  if (byLock === 'backup' && task === 'qmstart' && !facts.config.template) return 'after-backup';
  if (byLock !== undefined) return byLock;
  if (facts.config.template) return 'template';
  return isUnderHa(files.read('/etc/pve/ha/resources.cfg') ?? '', facts.vmid) ? 'ha' : 'plain';
}

function taskType(title: string): string | null {
  if (/(?:^|[\s/])qm\s+mtunnel\b/.test(title)) return 'qmtunnel';
  return /\bUPID:[^:]*:[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:([a-z]+):/i.exec(title)?.[1] ?? null;
}
