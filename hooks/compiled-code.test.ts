import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namedMachine } from '../src/machines/named-machines.ts';
import { ProxmoxTree } from '../src/testing/proxmox-tree.ts';

jest.setTimeout(120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-compiled-'));
  for (const name of readdirSync('dist').filter(file => file.endsWith('.cjs')))
    copyFileSync(join('dist', name), join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ONLY_IN_A_TREE = ['tree-parts', 'run-stand-in'];

/** Files of the hook of which V8's compiled code lies beside them, but for those that only a tree needs. */
function compiled(): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.cache'))
    .map(name => name.replace(/\.cjs\..*/, ''))
    .filter(name => !ONLY_IN_A_TREE.includes(name))
    .sort();
}

test('each phase leaves behind what V8 compiled, but of a file that several load only the phase that uses most of it', async () => {
  const node = new ProxmoxTree(join(folder, 'hook-proxmox.cjs'), namedMachine('laptop-1c'));
  try {
    node.policy({ fast: { extra_specs: { 'hw:cpu_policy': 'dedicated' } } }, {});
    node.vm('101', { cores: 2, memory: 64 });
    const worker = node.worker();
    await node.phase('101', 'post-stop', { worker });
    expect(compiled()).toEqual(['post-stop']);
    await node.phase('101', 'pre-start', { worker });
    const start = ['compile-policy', 'post-stop', 'run-phase', 'whole-topology'];
    expect(compiled()).toEqual(start);
    expect(node.qemu('101', worker).code).toBe(0);
    await node.phase('101', 'post-start', { worker });
    expect(compiled()).toEqual([...start, 'exclusivity-parts', 'post-start'].sort());
  } finally {
    await node.remove();
  }
});
