import { readMemory } from './read-memory.ts';

const PLACES = { meminfo: '/node0/meminfo', hugepages: '/node0/hugepages' };
const files = (pages: number) =>
  new Map([
    ['/node0/meminfo', 'Node 0 MemTotal: 8388608 kB\nNode 0 MemFree: 4194304 kB\n'],
    ['/node0/hugepages/hugepages-2048kB/nr_hugepages', `${pages}\n`],
    ['/node0/hugepages/hugepages-2048kB/free_hugepages', `${pages}\n`],
    ['/node0/hugepages/hugepages-2048kB/surplus_hugepages', '0\n'],
  ]);
const treeOf = (pages: number, list: (path: string) => readonly string[]) => ({
  read: (path: string) => files(pages).get(path) ?? null,
  list,
});

test('a cell whose page sizes are known is read anew without its folder being listed, as one that lists them is', () => {
  const known = readMemory(
    treeOf(16, () => ['hugepages-2048kB']),
    PLACES,
  );
  const unlisted = treeOf(24, path => {
    throw new Error(`${path} was listed`);
  });
  const listed = treeOf(24, () => ['hugepages-2048kB']);
  expect(known.pages.map(({ total }) => total)[1]).toBe(16);
  expect(readMemory(unlisted, PLACES, known.pages)).toEqual(readMemory(listed, PLACES));
  expect(() => readMemory(unlisted, PLACES)).toThrow('/node0/hugepages was listed');
});
