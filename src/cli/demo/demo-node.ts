import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { writeTree } from '../../adapters/local/write-tree.ts';
import type { NodePort } from '../../app/ports.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { type DemoGuest, deploymentXml, guestFolder, vmXml } from './demo-guests.ts';
import { DEMO_MACHINE, demoPolicyYaml, POLICY_FOLDER } from './demo-machine.ts';

/** What one call of the hook came to. */
export interface HookAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** The made-up node in a folder of its own, and the real hook that works on it. */
export interface DemoNode {
  readonly root: string;
  readonly node: NodePort;
  /** Starts a guest as OpenNebula's driver does. */
  start(guest: DemoGuest): HookAnswer;
  stop(guest: DemoGuest): HookAnswer;
  ledger(): Ledger;
  remove(): void;
}

/** A hook call that takes longer than this hangs. */
const PATIENCE_MS = 20_000;

/** Makes the node in an empty folder; `hook` is the bundle that OpenNebula's driver calls. */
export function makeDemoNode(hook: string, root: string): DemoNode {
  writeTree(renderMachine(DEMO_MACHINE), root);
  const node = openTreeNode(root);
  node.writeAtomically(`${POLICY_FOLDER}/policy.yaml`, demoPolicyYaml());
  const call = (words: readonly string[], stdin: string): HookAnswer => {
    const start = process.hrtime.bigint();
    const { status, stdout, stderr } = spawnSync(process.execPath, [hook, '--root', root, ...words], {
      input: stdin,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
    const milliseconds = Math.round(Number(process.hrtime.bigint() - start) / 1e6);
    return { code: status, stdout, stderr, milliseconds };
  };
  return {
    root,
    node,
    start(guest) {
      const folder = guestFolder(guest);
      node.writeAtomically(`${folder}/vm.xml`, vmXml(guest));
      const words = ['deploy', `${folder}/deployment.0`, node.name, `${guest.id}`, node.name];
      return call(words, deploymentXml(guest));
    },
    stop: guest => call(['cancel', guest.name, node.name, `${guest.id}`, node.name], ''),
    ledger() {
      const ledger = parseLedger(node.files.read('/run/pinfold/ledger.json') ?? '');
      if (ledger === null) throw new Error('the demo node has no ledger');
      return ledger;
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
