import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { writeTree } from '../local/write-tree.ts';
import { freePages } from './page-pools.ts';
import { TreeFiles } from './tree-files.ts';
import { openTreeNode } from './tree-node.ts';

const PID = 4711;
const MAPS = `/proc/${PID}/numa_maps`;
const CELL = '/sys/devices/system/node/node';
const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

/**
 * dual-socket-smt with a process that has 40 pages of `sizeKib` on cell 0; cell 1 has so many of them and so much memory free, and thrice
 * `cacheKib` of page cache and slab.
 */
function processOn(
  sizeKib: number,
  free: { readonly pages: number; readonly kib: number; readonly cacheKib?: number },
) {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-pages-'));
  roots.push(root);
  writeTree(renderMachine(namedMachine('dual-socket-smt')), root);
  const node = openTreeNode(root);
  const files = new TreeFiles(root);
  files.write({ path: MAPS, text: `7f0000000000 prefer:0 anon=40 N0=40 kernelpagesize_kB=${sizeKib}\n` });
  const pool = `${CELL}1/hugepages/hugepages-2048kB/free_hugepages`;
  if (sizeKib === 2048) files.write({ path: pool, text: `${free.pages}\n` });
  const meminfo = files
    .read(`${CELL}1/meminfo`)!
    .replace(/((?:Active\(file\)|Inactive\(file\)|SReclaimable):\s*)\d+/g, `$1${free.cacheKib ?? 0}`)
    .replace(/(MemFree:\s*)\d+/, `$1${free.kib}`);
  files.write({ path: `${CELL}1/meminfo`, text: meminfo });
  const pools = () =>
    [0, 1].map(cell => [
      Number(files.read(`${CELL}${cell}/hugepages/hugepages-2048kB/nr_hugepages`)),
      freePages(files, cell, 2048),
    ]);
  return {
    files,
    pools,
    migrate: (from = '0', to = '1') => node.run(['migratepages', `${PID}`, from, to]),
    places: () => / (?:N\d+=\d+ )+/.exec(files.read(MAPS)!)![0].trim(),
  };
}

describe('migratepages on dual-socket-smt', () => {
  test('takes free huge pages first and makes the rest of memory: the pool goes along, and stays there', async () => {
    const { migrate, places, pools, files } = processOn(2048, { pages: 8, kib: 1024 * 1024 });
    const [[total]] = pools() as [[number, number], [number, number]];
    expect((await migrate()).code).toBe(0);
    expect(places()).toBe('N1=40');
    expect(pools()).toEqual([
      [total - 32, total + 8],
      [total + 32, 0],
    ]);
    expect(freePages(files, 1, 4)).toBe((1024 * 1024 - 32 * 2048) / 4);
    expect((await migrate('1', '0')).code).toBe(0);
    expect(places()).toBe('N0=40');
    expect(pools()).toEqual([
      [total - 32, total - 32],
      [total + 32, 40],
    ]);
  });

  test.each([
    ['huge pages', 2048, { pages: 4, kib: 3 * 2048 + 100 }, 'N0=33 N1=7'],
    ['base pages', 4, { pages: 0, kib: 44 }, 'N0=29 N1=11'],
  ])('leaves %s for which the cell has no memory, and says so', async (_, sizeKib, free, left) => {
    const { migrate, places } = processOn(sizeKib, free);
    expect(await migrate()).toEqual({
      code: 1,
      stdout: '',
      stderr: 'migrate_pages: Cannot allocate memory\n',
    });
    expect(places()).toBe(left);
  });

  test('reclaims page cache and slab where free memory is not enough, and gives all of it back as free memory', async () => {
    const { migrate, places, files } = processOn(4, { pages: 0, kib: 44, cacheKib: 40 });
    const lines = () =>
      [...files.read(`${CELL}1/meminfo`)!.matchAll(/ (MemFree|\S+\(file\)|SReclaimable): +(\d+) kB/g)]
        .map(([, name, kib]) => `${name!} ${kib!}`)
        .sort();
    expect((await migrate()).code).toBe(0);
    expect(places()).toBe('N1=40');
    expect(lines()).toEqual(['Active(file) 0', 'Inactive(file) 0', 'MemFree 0', 'SReclaimable 4']);
    await migrate('1', '0');
    expect(lines()).toContain('MemFree 160');
  });
});
