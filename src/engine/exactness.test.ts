import fc from 'fast-check';
import { countPlacements } from '../testing/brute-force.ts';
import { checkPlacement } from '../testing/check-placement.ts';
import { smallWorlds } from '../testing/small-worlds.ts';
import { claimOf } from './claim-of.ts';
import { place } from './decide.ts';
import { buildHostModel } from './host-model.ts';

/** Runs of each property; PINFOLD_RUNS raises it for a long check. */
const RUNS = Number(process.env['PINFOLD_RUNS'] ?? 3000);

describe('a decision on a small host', () => {
  test('places a guest exactly when some placement exists, and breaks no rule', () => {
    const seen = { all: 0, infeasible: 0, single: 0 };
    fc.assert(
      fc.property(smallWorlds, ({ host, spec }) => {
        const model = buildHostModel(host);
        const outcome = place(model, spec);
        const ways = countPlacements(host, spec, 2);
        seen.all += 1;
        if (ways === 0) seen.infeasible += 1;
        if (ways === 1) seen.single += 1;
        expect([outcome.ok, outcome.ok ? '' : outcome.refusal.summary]).toEqual([
          ways > 0,
          expect.anything(),
        ]);
        if (!outcome.ok) return;
        const claim = claimOf(model, { placement: outcome.placement, spec, source: 'leased' });
        expect(checkPlacement({ host, spec, placement: outcome.placement, claim })).toEqual([]);
      }),
      { numRuns: RUNS, seed: 20 },
    );
    expect(seen.infeasible / seen.all).toBeGreaterThan(0.2);
    expect(seen.single / seen.all).toBeGreaterThan(0.2);
  });
});
