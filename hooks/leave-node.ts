import { openTreeNode } from '../src/adapters/embedded/tree-node.ts';
import { fileLock } from '../src/adapters/ledger/file-lock.ts';
import { RUN_FOLDER } from '../src/adapters/ledger/state-folder.ts';
import { localNode } from '../src/adapters/local/local-node.ts';
import { leaveNode } from '../src/app/proxmox/leave-node.ts';
import { sentenceOf } from '../src/app/sentence-of.ts';

/**
 * `leave-node.cjs [--root DIR]`: what the package does before it is removed. Prints what could not be undone; exit 1 then.
 */
const root = process.argv[2] === '--root' ? (process.argv[3] ?? '') : undefined;
const node = root === undefined ? localNode() : openTreeNode(root);
const place = {
  node,
  lock: fileLock(`${root ?? ''}${RUN_FOLDER}/cgroup-lock`),
  stateFile: `${RUN_FOLDER}/exclusivity.json`,
};
leaveNode(place, RUN_FOLDER)
  .catch((error: unknown) => [sentenceOf(error)])
  .then(
    sentences => {
      for (const sentence of sentences) process.stderr.write(`pinfold: ${sentence}\n`);
      process.exitCode = sentences.length === 0 ? 0 : 1;
    },
    () => undefined,
  );
