import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TreeFiles } from '../../adapters/embedded/tree-files.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import type { NodePort } from '../ports.ts';
import { bringMemoryHome } from './bring-memory-home.ts';
import type { RunningQemu } from './find-qemu.ts';
import type { HookCall } from './hook-call.ts';

const root = mkdtempSync(join(tmpdir(), 'pinfold-home-'));
writeTree(renderMachine(namedMachine('dual-socket-smt')), root);
afterAll(() => {
  rmSync(root, { recursive: true });
});

const PID = 4711;
const MAPS = `/proc/${PID}/numa_maps`;
const node = openTreeNode(root);
const files = new TreeFiles(root);

/** VM 100 with 256 MiB of huge pages on cell 1, which belong on cell 0; cell 0 has so many huge pages and KiB free. */
function homeless(pages: number, freeKib: number): void {
  files.write({
    path: MAPS,
    text: '7f0000000000 default file=/anon_hugepage\\040(deleted) huge anon=128 dirty=128 N1=128 kernelpagesize_kB=2048\n',
  });
  const cell = '/sys/devices/system/node/node0';
  files.write({ path: `${cell}/hugepages/hugepages-2048kB/free_hugepages`, text: `${pages}\n` });
  const text = files
    .read(`${cell}/meminfo`)!
    .replace(/((?:Active\(file\)|Inactive\(file\)|SReclaimable):\s*)\d+/g, '$10')
    .replace(/(MemFree:\s*)\d+/, `$1${freeKib}`);
  files.write({ path: `${cell}/meminfo`, text });
}

const bring = (run: NodePort['run'] = node.run.bind(node)) =>
  bringMemoryHome(
    { node: { ...node, files, run }, vmid: '100' } as unknown as HookCall,
    { pid: PID } as RunningQemu,
    '0',
  );

describe('memory of VM 100 on the wrong cell of dual-socket-smt', () => {
  test('is moved, and nothing is said', async () => {
    homeless(128, 0);
    expect(await bring()).toEqual([]);
    expect(files.read(MAPS)).toContain(' N0=128 ');
  });

  test('is moved as far as its cell has room, and the rest is told', async () => {
    homeless(8, 20 * 2048);
    expect(await bring()).toEqual([
      '200 MiB of VM 100 lie on cell 1 instead of 0 (migrate_pages: Cannot allocate memory): see that as much is free on cell 0, then run "pinfold reconcile".',
    ]);
    expect(files.read(MAPS)).toContain(' N0=28 N1=100 ');
  });

  test('stays where migratepages is not installed, and the package is named', async () => {
    homeless(128, 0);
    const stderr = 'migratepages could not be started: spawn migratepages ENOENT.\n';
    expect(await bring(() => Promise.resolve({ code: null, stdout: '', stderr }))).toEqual([
      '256 MiB of VM 100 lie on cell 1 instead of 0 (migratepages could not be started: spawn migratepages ENOENT.): install the package numactl, then run "pinfold reconcile".',
    ]);
  });
});
