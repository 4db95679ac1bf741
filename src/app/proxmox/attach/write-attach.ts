import { AppError, EXIT } from '../../../domain/app-error.ts';
import type { NodeLock, NodePort } from '../../ports.ts';
import { readVmConfigFile } from '../read-vm-config.ts';
import { ATTACHED, CHAIN, STRICT, parseAttachRecord, type AttachRecord } from './attach-record.ts';
import type { AttachPlan } from './plan-attach.ts';
import type { DetachPlan } from './plan-detach.ts';

/** A VM of this node that is changed. */
export interface AttachTools {
  readonly vmid: string;
  readonly node: Pick<NodePort, 'name' | 'files' | 'writeAtomically' | 'remove'>;
  /** The lock that Proxmox VE itself takes: {@link configLockFile}. */
  readonly configLock: NodeLock;
  /** `/etc/pve/pinfold`. */
  readonly policyFolder: string;
}

/** The file whose flock Proxmox VE holds while it changes or starts a VM (pve-guest-common, `lock_config`). */
export function configLockFile(vmid: string): string {
  return `/var/lock/qemu-server/lock-${vmid}.conf`;
}

/** A VM that is only looked at. */
export interface Looked {
  readonly vmid: string;
  readonly node: Pick<NodePort, 'name' | 'files'>;
}

/**
 * The text of a VM's configuration on this node.
 *
 * @throws AppError when there is none
 */
export function readAttachable({ node, vmid }: Looked): string {
  return fileOf({ node, vmid }).text;
}

/** What an earlier attach of this VM changed; null: nothing that is known. */
export function readAttachRecord({
  node,
  vmid,
  policyFolder,
}: Looked & Pick<AttachTools, 'policyFolder'>): AttachRecord | null {
  return parseAttachRecord(node.files.read(`${policyFolder}/${ATTACHED}/${vmid}.json`));
}

/**
 * Writes a plan under the lock of the VM's configuration: first what detach and the hook script need, then the
 * configuration, so that whoever is killed in between leaves nothing that cannot be taken off.
 *
 * @throws AppError when the lock is held for too long, or the configuration is no longer the one that was planned with
 */
export async function writeAttach(tools: AttachTools, plan: AttachPlan): Promise<void> {
  const { node, vmid, policyFolder: folder } = tools;
  await underLock(tools, plan.from, path => {
    node.writeAtomically(
      `${folder}/${ATTACHED}/${vmid}.json`,
      `${JSON.stringify(plan.record, null, 2)}\n`,
      0o640,
    );
    setFile(node, `${folder}/${CHAIN}/${vmid}`, plan.chained === null ? null : `${plan.chained}\n`);
    setFile(node, `${folder}/${STRICT}/${vmid}`, plan.isStrict ? 'strict\n' : null);
    if (plan.text !== plan.from) node.writeAtomically(path, plan.text, 0o640);
  });
}

/** The same for the way back: the configuration first, then what was kept for it. */
export async function writeDetach(tools: AttachTools, plan: DetachPlan): Promise<void> {
  const { node, vmid, policyFolder: folder } = tools;
  await underLock(tools, plan.from, path => {
    if (plan.text !== plan.from) node.writeAtomically(path, plan.text, 0o640);
    for (const name of [`${CHAIN}/${vmid}`, `${STRICT}/${vmid}`, `${ATTACHED}/${vmid}.json`])
      node.remove(`${folder}/${name}`);
  });
}

function setFile(node: AttachTools['node'], path: string, text: string | null): void {
  if (text === null) node.remove(path);
  else node.writeAtomically(path, text, 0o640);
}

async function underLock(tools: AttachTools, from: string, work: (path: string) => void): Promise<void> {
  const unlock = await lockConfig(tools);
  try {
    const { path, text } = fileOf(tools);
    if (text !== from)
      throw new AppError(
        'config-changed',
        EXIT.state,
        `The config of VM ${tools.vmid} was changed by somebody else meanwhile, so nothing was written: look at the change again and repeat it.`,
      );
    work(path);
  } finally {
    unlock();
  }
}

async function lockConfig({ configLock, vmid }: AttachTools): Promise<() => void> {
  try {
    return await configLock.acquire();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'lock-busy') throw error;
    throw new AppError(
      'vm-busy',
      EXIT.state,
      `Another task works on VM ${vmid} and kept its config locked: wait until it has ended, then try again.`,
      error,
    );
  }
}

function fileOf({ node, vmid }: Looked): {
  readonly path: string;
  readonly text: string;
} {
  const file = readVmConfigFile(node.files, { node: node.name, vmid, source: null });
  if (file !== null) return file;
  throw new AppError(
    'vm-unknown',
    EXIT.usage,
    `There is no VM ${vmid} on ${node.name}: see "qm list", or name its node with --node.`,
  );
}
