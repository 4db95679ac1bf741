import { CpuSet } from '../../domain/cpu-set.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import type { SeenGuest } from './observed.ts';
import { placeRunning } from './place-running.ts';

const GIB = 1024;
const request: PlacementRequest = {
  kind: 'pinfold/request',
  version: 1,
  vm: 'one-1',
  vcpus: 1,
  memoryMiB: 18 * GIB,
  extraSpecs: { 'hw:cpu_policy': 'dedicated' },
};

/** A guest whose memory lies on this cell. */
const guestOn = (cell: number, memory: Partial<SeenGuest['memory'][number]> = {}): SeenGuest => ({
  vm: 'one-1',
  process: '7:1',
  startTicks: 1,
  ofLibvirt: true,
  threads: [
    {
      tid: 8,

      role: 'vcpu',
      index: 0,
      allowed: CpuSet.range(0, 31),
      startTicks: 1,
      cpuset: null,
    },
  ],
  allowedCells: null,
  memory: [{ cell, mib: 18 * GIB, huge: false, bound: null, ...memory }],
});

/** dual-socket-smt with 10 GiB of small pages free on each cell, and with the large pages that are told. */
function fullHost(pools: readonly { readonly sizeKiB: number; readonly total: number }[] = []) {
  const host = hostOf({ ...namedMachine('dual-socket-smt'), pools });
  const cells = host.topology.cells.map(cell => ({
    ...cell,
    pages: cell.pages.map(pool => ({ ...pool, free: pool.sizeKiB === 4 ? (10 * GIB * 1024) / 4 : 0 })),
  }));
  return { ...host, topology: { ...host.topology, cells } };
}

const cellsOf = (placed: ReturnType<typeof placeRunning>) =>
  'why' in placed ? placed.why : placed.entry.placement.nodeset;

describe('a guest that runs on dual-socket-smt where every cell is nearly full', () => {
  test.each([0, 1])('finds room on cell %i, because its own memory is there already', cell => {
    const placed = placeRunning(guestOn(cell), { request, kept: null }, fullHost());
    expect(cellsOf(placed)).toBe(`${cell}`);
  });

  test('finds room in the pool that its memory is taken from', () => {
    const wish: PlacementRequest = {
      ...request,
      extraSpecs: { ...request.extraSpecs, 'hw:mem_page_size': '2048' },
    };
    const host = fullHost([{ sizeKiB: 2048, total: 9 * GIB }]);
    expect(cellsOf(placeRunning(guestOn(1, { huge: true }), { request: wish, kept: null }, host))).toBe('1');
    expect(cellsOf(placeRunning(guestOn(1), { request: wish, kept: null }, host))).toMatch(
      /9216 pages of its size/,
    );
  });

  test('stays without a placement when its memory is spread over both', () => {
    const spread = {
      ...guestOn(0),
      memory: [0, 1].map(cell => ({ ...guestOn(cell).memory[0]!, mib: 7 * GIB })),
    };
    expect(cellsOf(placeRunning(spread, { request, kept: null }, fullHost()))).toMatch(/18432 MiB/);
  });

  test.each([0, 1])(
    'stays on cell %i when it is shared, though its start might have overcommitted either',
    cell => {
      const shared: PlacementRequest = {
        ...request,
        extraSpecs: { 'hw:cpu_policy': 'shared', 'pinfold:confine': 'cell' },
      };
      for (const strategy of ['pack', 'spread'] as const) {
        const host = fullHost();
        const wish = { request: shared, kept: null };
        const placed = placeRunning(guestOn(cell), wish, { ...host, policy: { ...host.policy, strategy } });
        expect(cellsOf(placed)).toBe(`${cell}`);
      }
    },
  );

  test('is placed on the other cell when it is shared and its own has no vCPU left to share', () => {
    const specs = { 'hw:cpu_policy': 'shared', 'pinfold:confine': 'cell' };
    const cell = { hostCell: 0, pcpus: '', sharedVcpus: 16, memoryMiB: 0, pageSizeKiB: null, pages: 0 };
    const host = fullHost();
    const placed = placeRunning(
      guestOn(0),
      { request: { ...request, extraSpecs: specs }, kept: null },
      {
        ...host,
        policy: { ...host.policy, cpu_allocation_ratio: 1 },
        claims: [{ vm: 'crowd', source: 'observed', cells: [cell], emulator: null, devices: [] }],
      },
    );
    expect(cellsOf(placed)).toBe('1');
  });
});
