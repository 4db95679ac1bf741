import { guestControl } from '../../adapters/control/guest-control.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { ledgerStore } from '../../adapters/ledger/ledger-store.ts';
import { FALLBACK_FOLDER, RUN_FOLDER, stateFolder } from '../../adapters/ledger/state-folder.ts';
import { virsh } from '../../adapters/libvirt/virsh.ts';
import { virshMetadata } from '../../adapters/libvirt/virsh-metadata.ts';
import { localNode } from '../../adapters/local/local-node.ts';
import { loadPolicy } from '../../app/load-policy.ts';
import type { NodeLock, NodePort } from '../../app/ports.ts';
import { previewReconcile, reconcile, type ReconcileEnd } from '../../app/reconcile/reconcile.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { emptyLedger } from '../../domain/ledger.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { readBootId, readProcessId } from '../../formats/proc/process-id.ts';
import { print, say } from '../output.ts';
import { policyFolder } from '../policy-folder.ts';
import { renderReconcile } from '../render/render-reconcile.ts';

/** What the verb was called with. */
export interface ReconcileOptions {
  readonly root: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Finds what differs from what was decided and, but for a dry run, mends it. */
export async function reconcileCommand(options: ReconcileOptions): Promise<number> {
  const { document, warnings } = options.dryRun ? await preview(options.root) : await mend(options.root);
  for (const warning of warnings) say(warning);
  await print(options.json ? `${JSON.stringify(document, null, 2)}\n` : renderReconcile(document));
  const isWhole = options.dryRun || document.drift.every(({ repair }) => repair === 'done');
  return isWhole ? EXIT.done : EXIT.partial;
}

async function preview(root: string | undefined): Promise<ReconcileEnd> {
  const node = openNode(root);
  const reader: NodePort = { ...node, writeAtomically: () => undefined, remove: () => undefined };
  const folder =
    [RUN_FOLDER, FALLBACK_FOLDER].find(place => node.files.read(`${place}/ledger.json`) !== null) ??
    RUN_FOLDER;
  const text = node.files.read(`${folder}/ledger.json`);
  const ledger = (text === null ? null : parseLedger(text)) ?? emptyLedger(readBootId(node.files));
  return previewReconcile(await observerOf(reader, folder, root), ledger);
}

async function mend(root: string | undefined): Promise<ReconcileEnd> {
  const node = openNode(root);
  const folder = root === undefined ? (process.env['PINFOLD_STATE_DIR'] ?? stateFolder()) : RUN_FOLDER;
  const observer = await observerOf(node, folder, root);
  const place = root ?? '/';
  return reconcile({
    ...observer,
    ledger: ledgerStore({ node, folder, root: place }),
    control: guestControl({ node, uri: uriOf(), scratch: folder }),
    setMetadata: virshMetadata(node, uriOf()),
    turn: onlyOne(fileLock(`${place}/${folder}/reconcile.lock`, 0)),
  });
}

function openNode(root: string | undefined): NodePort {
  return root === undefined ? localNode() : openTreeNode(root);
}

function uriOf(): string {
  return process.env['LIBVIRT_URI'] ?? 'qemu:///system';
}

async function observerOf(node: NodePort, folder: string, root: string | undefined) {
  const { policy } = await loadPolicy(node, { policy: policyFolder(node), state: folder });
  return {
    node,
    domains: virsh(node, uriOf(), folder),
    policy: hostPolicyOf(policy),
    owner: readProcessId(node.files, process.pid) ?? `${process.pid}:0`,
    stateFolder: folder,
    exclusivity: {
      node,
      lock: fileLock(`${root ?? ''}${folder}/cgroup-lock`),
      stateFile: `${folder}/exclusivity.json`,
    },
    now: () => Math.floor(Date.now() / 1000),
  };
}

/** The lock with words of its own: whoever comes second has nothing to do. */
function onlyOne(lock: NodeLock): NodeLock {
  return {
    async acquire() {
      try {
        return await lock.acquire();
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'lock-busy') throw error;
        throw new AppError(
          'reconcile-busy',
          EXIT.state,
          'Another reconcile is at work on this host, so this one has done nothing: it will mend what there is, see with "pinfold reconcile --dry-run" when it has ended.',
          error,
        );
      }
    },
  };
}
