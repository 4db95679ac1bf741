import { fileLock } from '../../src/adapters/ledger/file-lock.ts';
import { ledgerStore } from '../../src/adapters/ledger/ledger-store.ts';
import { RUN_FOLDER } from '../../src/adapters/ledger/state-folder.ts';
import { localNode } from '../../src/adapters/local/local-node.ts';
import { PHASES, type HookCall, type Phase, type Worker } from '../../src/app/proxmox/hook-call.ts';
import type { NodePort } from '../../src/app/ports.ts';
import { AppError, EXIT } from '../../src/domain/app-error.ts';
import { readProcessId } from '../../src/formats/proc/process-id.ts';

/** Policy, profiles and the strict marks, replicated by Proxmox VE to all nodes. */
const POLICY_FOLDER = '/etc/pve/pinfold';
/** What the snippet lets a phase take where PINFOLD_TIMEOUT does not say, in seconds. */
const PHASE_SECONDS = 20;

/**
 * The call in these words, on this machine or in a tree. The worker is the process that called the snippet (PINFOLD_WORKER)
 * or, without one, this process's parent.
 */
export async function openHookCall(words: readonly string[]): Promise<HookCall> {
  const inTree = words[0] === '--root';
  const root = inTree ? (words[1] ?? '') : '/';
  const [vmid = '', phase = ''] = inTree ? words.slice(2) : words;
  check(vmid, phase);
  const { env } = process;
  const workerPid = Number(env['PINFOLD_WORKER'] ?? process.ppid);
  const node = inTree ? await openTree(root, workerPid) : localNode();
  const state = RUN_FOLDER;
  const waitSeconds = lockSeconds(env['PINFOLD_TIMEOUT']);
  return {
    vmid,
    phase: phase as Phase,
    node,
    ledger: ledgerStore({ node, folder: state, root, waitSeconds }),
    cgroupLock: fileLock(`${root === '/' ? '' : root}${state}/cgroup-lock`, waitSeconds),
    iothreads: {
      query: async name => {
        const { queryIothreads } = await import('../../src/adapters/qmp/query-iothreads.ts');
        return queryIothreads(node, root, name);
      },
    },
    get worker() {
      return workerOf(node, workerPid);
    },
    migratedFrom: env['PVE_MIGRATED_FROM'] ? env['PVE_MIGRATED_FROM'] : null,
    folders: { policy: POLICY_FOLDER, state },
    at(point) {
      if (inTree && env['PINFOLD_KILL_AT'] === point) process.kill(process.pid, 'SIGKILL');
    },
  };
}

/** Half of what a phase may take, so that a start that waits in vain can still say so. */
function lockSeconds(timeout: string | undefined): number {
  const seconds = Number(timeout ?? '');
  return (seconds > 0 && Number.isFinite(seconds) ? seconds : PHASE_SECONDS) / 2;
}

/** What stands in for a machine is loaded only where it does. */
async function openTree(root: string, workerPid: number): Promise<NodePort> {
  const { openTreeNode, showRealTask } = await import('./tree-parts.ts');
  const node = openTreeNode(root);
  showRealTask(root, workerPid);
  return node;
}

function check(vmid: string, phase: string): void {
  if (/^[1-9]\d{2,8}$/.test(vmid) && PHASES.some(name => name === phase)) return;
  throw new AppError(
    'hook-usage',
    EXIT.usage,
    `This is no call of Proxmox VE's: name a VMID and one of ${PHASES.join(', ')}, as in "hook-proxmox.cjs 101 pre-start".`,
  );
}

function workerOf(node: NodePort, pid: number): Worker {
  const title = (node.files.read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
  return { pid, process: readProcessId(node.files, pid) ?? `${pid}:0`, title };
}
