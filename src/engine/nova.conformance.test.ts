import { hostOfVector, readVectors, requestOfVector, type NovaVector } from '../testing/nova-vectors.ts';
import { countPlacements } from '../testing/brute-force.ts';
import { checkPlacement } from '../testing/check-placement.ts';
import { claimOf } from './claim-of.ts';
import { decide, place } from './decide.ts';
import { hintFor } from './hint.ts';
import { buildHostModel } from './host-model.ts';
import { readRequest } from './request/read-request.ts';

/**
 * Vectors that Nova accepts only by floating shared vCPUs over dedicated CPUs, or by pinning CPUs that running
 * shared guests need; we refuse both on purpose (docs/differences-from-nova.md).
 */
const FLOATS_OVER_DEDICATED = [
  'fit-asym-030',
  'fit-emulator-008',
  'fit-fuzz-012',
  'fit-isolate-024',
  'fit-isolate-033',
  'fit-isolate-044',
  'fit-mixed-039',
  'fit-pack-005',
  'fit-pages-010',
  'fit-prefer-077',
];

const vectors = (file: string) => readVectors(file) as readonly NovaVector[];
const decisionOf = (vector: NovaVector) => {
  const host = hostOfVector(vector.host, vector.pci_pools);
  const request = requestOfVector(vector);
  const model = buildHostModel(host);
  return { host, request, model, decision: decide(model, request) };
};

/** Rules that our answer to a vector breaks; none where we refuse. */
function broken(vector: NovaVector): readonly string[] {
  const { host, request, model, decision } = decisionOf(vector);
  const read = readRequest(request);
  if (!decision.fits || !('placement' in decision) || decision.placement === null || !read.ok) return [];
  const { placement } = decision;
  const claim = claimOf(model, { placement, spec: read.spec, source: 'leased' });
  return checkPlacement({ host, spec: read.spec, placement, claim });
}

describe.each(['vectors-fit.json', 'vectors-novabugs.json', 'vectors-pci.json'])('%s', file => {
  const all = vectors(file);

  test('every placement of ours breaks no rule', () => {
    const wrong = all
      .map(vector => [vector.id, broken(vector)] as const)
      .filter(([, rules]) => rules.length > 0);
    expect(wrong).toEqual([]);
  });

  test('every refusal has numbers, and its hint fits', () => {
    let hinted = 0;
    for (const vector of all) {
      const { model, request, decision } = decisionOf(vector);
      const read = readRequest(request);
      if (!('refusal' in decision) || !read.ok) continue;
      expect(decision.refusal.summary).toMatch(/\d.*\.$/);
      const hint = hintFor(model, read.spec);
      expect([vector.id, hint?.text]).toEqual([vector.id, decision.refusal.hint]);
      if (hint === null) continue;
      hinted += 1;
      const changed = hint.host === undefined ? model : buildHostModel(hint.host);
      expect([vector.id, place(changed, hint.spec).ok]).toEqual([vector.id, true]);
    }
    expect(hinted).toBeGreaterThan(0);
  });
});

describe('where Nova accepts without contradicting itself', () => {
  test.each(['vectors-fit.json', 'vectors-pci.json'])(
    'we accept too (%s), but for the listed differences',
    file => {
      const refused = vectors(file)
        .filter(vector => vector.expect.fits === true && vector.expect.anomalies === undefined)
        .filter(vector => vector.expect.xml?.['error'] === undefined)
        .filter(vector => !decisionOf(vector).decision.fits)
        .map(vector => vector.id);
      expect(refused).toEqual(file === 'vectors-fit.json' ? FLOATS_OVER_DEDICATED : []);
    },
  );
});

test('where Nova contradicts itself, the answer is that of trying every placement', () => {
  for (const vector of vectors('vectors-novabugs.json')) {
    const { host, request, decision } = decisionOf(vector);
    const read = readRequest(request);
    if (!read.ok) throw new Error(`${vector.id}: ${read.error.summary}`);
    expect([vector.id, decision.fits]).toEqual([vector.id, countPlacements(host, read.spec, 1) > 0]);
  }
});

test('where Nova refuses devices, so do we', () => {
  for (const vector of vectors('vectors-pci.json'))
    expect([vector.id, decisionOf(vector).decision.fits]).toEqual([vector.id, vector.expect.fits]);
});
