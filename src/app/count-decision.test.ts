import { emptyLedger } from '../domain/ledger.ts';
import { parseLedger } from '../formats/ledger/parse-ledger.ts';
import { collectGarbage } from './collect-garbage.ts';
import { countDecision } from './count-decision.ts';

const placed = { outcome: 'placed', reason: null, seconds: 0.002 } as const;
const refused = { outcome: 'refused', reason: 'no-cell-fits', seconds: 0.0015 } as const;

describe('counters of decisions', () => {
  const ledger = [placed, refused, refused].reduce(countDecision, emptyLedger('boot'));

  test('add up starts, reasons and seconds, and survive writing, reading and the collection of garbage', () => {
    const counters = {
      starts: { placed: 1, floated: 0, refused: 2 },
      refusals: { 'no-cell-fits': 2 },
      seconds: 0.005,
    };
    expect(ledger.counters).toEqual(counters);
    const read = parseLedger(JSON.stringify(ledger))!;
    const running = { nowSeconds: 0, qemus: [], isAlive: () => false, isLaunching: () => false };
    expect(collectGarbage(read, { ...running, boot: 'boot' }).ledger.counters).toEqual(counters);
    expect(countDecision(read, placed).counters!.starts.placed).toBe(2);
  });

  test.each([
    5,
    'x',
    [],
    {},
    { ...ledger.counters, seconds: -1 },
    { ...ledger.counters, starts: { placed: 1 } },
    { ...ledger.counters, refusals: { 'Not a code"': 1 } },
    { ...ledger.counters, refusals: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, 1])) },
  ])('that are damaged are left out, and the ledger stays whole (%#)', counters => {
    const read = parseLedger(JSON.stringify({ ...ledger, counters }));
    expect(read).toEqual(emptyLedger('boot'));
  });

  test('keep a bounded number of reasons apart', () => {
    let many = emptyLedger('boot');
    for (let code = 0; code < 300; code += 1)
      many = countDecision(many, { ...refused, reason: `code-${code}` });
    expect(Object.keys(many.counters!.refusals)).toHaveLength(256);
    expect(many.counters!.starts.refused).toBe(300);
    expect(parseLedger(JSON.stringify(many))!.counters).toEqual(many.counters);
  });
});
