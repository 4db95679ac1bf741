import fc from 'fast-check';
import type { Claim } from '../domain/claim.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { buildHostModel } from './host-model.ts';
import { explain } from './explain.ts';
import { twoCells } from '../testing/two-cells.ts';

function held(hostCell: number, pcpus: string): Claim {
  const cell = { hostCell, pcpus, sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 };
  return { vm: `held-${hostCell}`, source: 'observed', cells: [cell], emulator: null, devices: [] };
}

const modelOf = (strategy: 'pack' | 'spread', claims: readonly Claim[] = []) =>
  buildHostModel(hostOf(twoCells, { strategy }, claims));

function guest(vcpus: number, extraSpecs: Readonly<Record<string, string>> = {}): PlacementRequest {
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: '101',
    vcpus,
    memoryMiB: 64,
    extraSpecs: { 'hw:cpu_policy': 'dedicated', ...extraSpecs },
  };
}

describe('explaining a guest on a machine of two cells', () => {
  test('shows the cell that was chosen beside the one that would also do, with the part that decided', () => {
    const { decision, pairs } = explain(modelOf('spread', [held(0, '0,8')]), guest(2));
    expect(decision.fits).toBe(true);
    expect(pairs.map(pair => [pair.hostCell, pair.state])).toEqual([
      [0, 'possible'],
      [1, 'chosen'],
    ]);
    const [other, chosen] = pairs.map(pair => (pair.state === 'impossible' ? null : pair.score));
    expect(chosen!.load).toBeLessThan(other!.load);
  });

  test('shows holes and broken cores under pack, and no load', () => {
    const { pairs } = explain(modelOf('pack', [held(0, '0')]), guest(1));
    expect(pairs.map(pair => (pair.state === 'impossible' ? null : pair.score))).toEqual([
      expect.objectContaining({ load: 0, brokenCores: 0, cpusLeft: 6 }),
      expect.objectContaining({ load: 0, brokenCores: 1, cpusLeft: 7 }),
    ]);
    expect(pairs[0]!.state).toBe('chosen');
  });

  test('names what each cell lacks, with the numbers', () => {
    const { decision, pairs } = explain(modelOf('spread', [held(0, '0-3')]), guest(6));
    expect(decision.fits).toBe(true);
    expect(pairs[0]).toEqual({
      guestCell: 0,
      hostCell: 0,
      state: 'impossible',
      constraint: 'free-dedicated-cpus',
      needed: 6,
      available: 4,
      words: 'needs 6 dedicated CPUs, and host cell 0 has 4 free',
    });
  });

  test('shows every pair of a guest with two cells, and how far each lies from the other', () => {
    const { pairs } = explain(modelOf('spread'), guest(4, { 'hw:numa_nodes': '2' }));
    expect(pairs).toHaveLength(4);
    expect(pairs.filter(({ state }) => state === 'chosen')).toHaveLength(2);
    for (const pair of pairs) if (pair.state === 'chosen') expect(pair.score.distance).toBeGreaterThan(10);
  });

  test('asks the first cell of a refused guest for its emulator’s CPU', () => {
    const wish = guest(8, { 'hw:emulator_threads_policy': 'isolate' });
    const { decision, pairs } = explain(modelOf('spread'), wish);
    expect(decision.fits).toBe(false);
    expect(pairs.map(pair => (pair.state === 'impossible' ? pair.constraint : pair.state))).toEqual([
      'dedicated-cpus',
      'dedicated-cpus',
    ]);
  });

  test('has no pairs for a request that is wrong, asks for nothing, or cannot be carried', () => {
    const model = modelOf('spread');
    for (const request of [
      guest(2, { 'hw:cpu_policy': 'maybe' }),
      guest(2, { 'hw:cpu_policy': 'shared' }),
      {
        ...guest(2, { 'hw:locked_memory': 'true', 'hw:mem_page_size': 'large' }),
        carrier: 'proxmox' as const,
      },
    ])
      expect(explain(model, request).pairs).toEqual([]);
  });
});

test('agrees with the decision for any guest on epyc-nps4', () => {
  const spec = fc.record({
    vcpus: fc.integer({ min: 1, max: 40 }),
    threads: fc.constantFrom('prefer', 'isolate', 'require'),
    emulator: fc.constantFrom('isolate', 'share'),
    strategy: fc.constantFrom('pack' as const, 'spread' as const),
    taken: fc.integer({ min: 0, max: 15 }),
  });
  const machine = namedMachine('epyc-nps4');
  fc.assert(
    fc.property(spec, ({ vcpus, threads, emulator, strategy, taken }) => {
      const model = buildHostModel(hostOf(machine, { strategy }, [held(1, `0-${taken}`)]));
      const specs = { 'hw:cpu_thread_policy': threads, 'hw:emulator_threads_policy': emulator };
      const { decision, pairs } = explain(model, guest(vcpus, specs));
      const chosen = pairs.filter(({ state }) => state === 'chosen').map(({ hostCell }) => hostCell);
      if (decision.fits) expect(chosen).toEqual(decision.placement!.cells.map(({ hostCell }) => hostCell));
      else {
        expect(chosen).toEqual([]);
        const lacking = 'refusal' in decision ? decision.refusal.cells : [];
        for (const { hostCell, constraint, needed, available } of lacking)
          expect(pairs).toContainEqual(
            expect.objectContaining({ hostCell, constraint, needed, available, state: 'impossible' }),
          );
      }
    }),
  );
});
