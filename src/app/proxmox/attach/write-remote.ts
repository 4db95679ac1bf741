import { AppError } from '../../../domain/app-error.ts';
import type { TextTree } from '../../../formats/text-tree.ts';
import { readVmConfigFile } from '../read-vm-config.ts';
import { ATTACHED, CHAIN, STRICT, type ConfigChange } from './attach-record.ts';
import type { AttachPlan } from './plan-attach.ts';
import type { DetachPlan } from './plan-detach.ts';
import { configLockFile } from './write-attach.ts';

/** A file as it is to be; null: not there. */
export interface FileWrite {
  readonly path: string;
  readonly text: string | null;
}

/** All or nothing, under a lock of the node. */
export interface LockedWrite {
  readonly lockFile: string;
  /** Nothing is written unless this file still says exactly this. */
  readonly guard: { readonly path: string; readonly text: string };
  /** In this order. */
  readonly files: readonly FileWrite[];
}

/** What is needed of a node on another machine to change a VM there. */
export interface RemoteVmTools {
  readonly vmid: string;
  /** The files that the plan was made from. */
  readonly files: TextTree;
  readonly node: string;
  readonly policyFolder: string;
  /** Over SSH. Throws an AppError when it was not done. */
  writeLocked(write: LockedWrite): Promise<void>;
  /** Over the API with the digest of the config that the plan was made from; null: not by this login. */
  readonly writeConfig: ((changes: readonly ConfigChange[], from: string) => Promise<void>) | null;
}

/**
 * Writes a plan on another machine, in the order of `writeAttach`: what detach and the hook script need, then the
 * configuration. Where the API may write the configuration, its own checks and its digest guard it, and a refusal there
 * takes the files back; else all is written over SSH in one step under the configuration's lock.
 */
export async function writeAttachRemotely(tools: RemoteVmTools, plan: AttachPlan): Promise<void> {
  const { vmid, policyFolder: folder } = tools;
  const beside: readonly FileWrite[] = [
    { path: `${folder}/${ATTACHED}/${vmid}.json`, text: `${JSON.stringify(plan.record, null, 2)}\n` },
    { path: `${folder}/${CHAIN}/${vmid}`, text: plan.chained === null ? null : `${plan.chained}\n` },
    { path: `${folder}/${STRICT}/${vmid}`, text: plan.isStrict ? 'strict\n' : null },
  ];
  const config = configWrite(tools, plan);
  if (tools.writeConfig === null || config.length === 0) {
    await tools.writeLocked(locked(tools, plan, [...beside, ...config]));
    return;
  }
  await tools.writeLocked(locked(tools, plan, beside));
  try {
    await tools.writeConfig(plan.changes, plan.from);
  } catch (error) {
    // What may have been done keeps what detach needs.
    if (error instanceof AppError && !MAY_BE_DONE.has(error.code)) await giveBack(tools, plan, beside);
    throw error;
  }
}

/** The way back: the configuration first, then what was kept for it. */
export async function writeDetachRemotely(tools: RemoteVmTools, plan: DetachPlan): Promise<void> {
  const { vmid, policyFolder: folder } = tools;
  const beside = [`${CHAIN}/${vmid}`, `${STRICT}/${vmid}`, `${ATTACHED}/${vmid}.json`].map(name => ({
    path: `${folder}/${name}`,
    text: null,
  }));
  const config = configWrite(tools, plan);
  if (tools.writeConfig === null || config.length === 0) {
    await tools.writeLocked(locked(tools, plan, [...config, ...beside]));
    return;
  }
  await tools.writeConfig(plan.changes, plan.from);
  await tools.writeLocked({ ...locked(tools, plan, beside), guard: { path: '', text: '' } });
}

/** Failures after which nobody knows whether the write was done. */
const MAY_BE_DONE = new Set(['api-timeout', 'api-answer-lost', 'api-answer-unreadable']);

function configWrite(
  tools: RemoteVmTools,
  { from, text }: Pick<AttachPlan, 'from' | 'text'>,
): readonly FileWrite[] {
  return from === text ? [] : [{ path: pathOf(tools), text }];
}

function locked(
  tools: RemoteVmTools,
  { from }: Pick<AttachPlan, 'from'>,
  files: readonly FileWrite[],
): LockedWrite {
  return { lockFile: configLockFile(tools.vmid), guard: { path: pathOf(tools), text: from }, files };
}

function pathOf({ files, node, vmid }: RemoteVmTools): string {
  return readVmConfigFile(files, { node, vmid, source: null })!.path;
}

/** The files beside the configuration as they were; a failure here must not hide the first one. */
async function giveBack(tools: RemoteVmTools, plan: AttachPlan, beside: readonly FileWrite[]): Promise<void> {
  const before = beside.map(({ path }) => ({ path, text: tools.files.read(path) }));
  const write = { ...locked(tools, plan, before), guard: { path: '', text: '' } };
  await tools.writeLocked(write).catch(() => undefined);
}
