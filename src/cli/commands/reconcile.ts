import { guestControl } from '../../adapters/control/guest-control.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { ledgerStore } from '../../adapters/ledger/ledger-store.ts';
import { RUN_FOLDER, stateFolder } from '../../adapters/ledger/state-folder.ts';
import { virshMetadata } from '../../adapters/libvirt/virsh-metadata.ts';
import { localNode } from '../../adapters/local/local-node.ts';
import type { NodeLock, NodePort } from '../../app/ports.ts';
import { previewReconcile, reconcile, type ReconcileEnd } from '../../app/reconcile/reconcile.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { exclusivityPlace, ledgerAsItLies, libvirtUri, nodeTools } from '../node-tools.ts';
import { stateFolderOf } from '../observed-host.ts';
import { print, say } from '../output.ts';
import { withProgress } from '../with-progress.ts';
import { renderReconcile } from '../render/render-reconcile.ts';

/** What the verb was called with. */
export interface ReconcileOptions {
  readonly root: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** A node with a hundred guests; moving memory back takes longer. */
const USUAL_SECONDS = 2;

/** Finds what differs from what was decided and, but for a dry run, mends it. */
export async function reconcileCommand(options: ReconcileOptions): Promise<number> {
  const { document, warnings } = await withProgress('comparing with what was decided', USUAL_SECONDS, () =>
    options.dryRun ? preview(options.root) : mend(options.root),
  );
  for (const warning of warnings) say(warning);
  await print(options.json ? `${JSON.stringify(document, null, 2)}\n` : renderReconcile(document));
  const isWhole = options.dryRun || document.drift.every(({ repair }) => repair === 'done');
  return isWhole ? EXIT.done : EXIT.partial;
}

async function preview(root: string | undefined): Promise<ReconcileEnd> {
  const node = openNode(root);
  const reader: NodePort = { ...node, writeAtomically: () => undefined, remove: () => undefined };
  const folder = stateFolderOf(node);
  return previewReconcile(await observerOf(reader, folder, root), ledgerAsItLies(node, folder));
}

async function mend(root: string | undefined): Promise<ReconcileEnd> {
  const node = openNode(root);
  const folder = root === undefined ? (process.env['PINFOLD_STATE_DIR'] ?? stateFolder()) : RUN_FOLDER;
  const observer = await observerOf(node, folder, root);
  const place = root ?? '/';
  return reconcile({
    ...observer,
    ledger: ledgerStore({ node, folder, root: place }),
    control: guestControl({ node, uri: libvirtUri(), scratch: folder }),
    setMetadata: virshMetadata(node, libvirtUri()),
    turn: onlyOne(fileLock(`${place}/${folder}/reconcile.lock`, 0)),
  });
}

function openNode(root: string | undefined): NodePort {
  return root === undefined ? localNode() : openTreeNode(root);
}

async function observerOf(node: NodePort, folder: string, root: string | undefined) {
  return {
    ...(await nodeTools(node, folder)),
    stateFolder: folder,
    exclusivity: exclusivityPlace(node, folder, root),
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
