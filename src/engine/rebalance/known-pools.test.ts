import fc from 'fast-check';
import { buildHostModel } from '../host-model.ts';
import { smallHosts } from '../../testing/small-hosts.ts';
import { withKnownPools } from './known-pools.ts';

const available = (host: Parameters<typeof buildHostModel>[0]) =>
  buildHostModel(host).cells.map(cell => cell.pools.map(pool => pool.available));

test('what can be had now stays the same on any small host', () => {
  fc.assert(
    fc.property(smallHosts, fc.array(fc.nat(64), { minLength: 6, maxLength: 6 }), (host, free) => {
      const cells = host.topology.cells.map((cell, i) => ({
        ...cell,
        pages: cell.pages.map((pool, j) => ({ ...pool, free: Math.min(pool.total, free[2 * i + j]!) })),
      }));
      const busy = { ...host, topology: { ...host.topology, cells } };
      expect(available(withKnownPools(busy))).toEqual(available(busy));
    }),
    { numRuns: 100 },
  );
});

test('pages of a guest that leaves become free, pages that nobody claims do not', () => {
  const [host] = fc.sample(smallHosts, { numRuns: 1, seed: 1 });
  const [cell] = host!.topology.cells;
  const pages = [{ sizeKiB: 2048, total: 32, free: 10, reserved: 0 }];
  const held = { hostCell: 0, pcpus: '', sharedVcpus: 0, memoryMiB: 32, pageSizeKiB: 2048, pages: 16 };
  const claims = [{ vm: 'a', source: 'observed' as const, cells: [held] }];
  const topology = { ...host!.topology, cells: [{ ...cell!, pages }] };
  const known = withKnownPools({ ...host!, topology, policy: {}, claims });
  expect(available(known)).toEqual([[10]]);
  expect(available({ ...known, claims: [] })).toEqual([[26]]);
});
