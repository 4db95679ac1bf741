import fc from 'fast-check';
import type { Claim } from '../domain/claim.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { decide } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { rankNodes } from './rank-nodes.ts';

function held(pcpus: string, memoryMiB = 0): Claim {
  const cell = { hostCell: 0, pcpus, sharedVcpus: 0, memoryMiB, pageSizeKiB: null, pages: memoryMiB * 256 };
  return { vm: 'held', source: 'observed', cells: [cell], emulator: null, devices: [] };
}

function guest(vcpus: number, extraSpecs: Readonly<Record<string, string>> = {}): PlacementRequest {
  const specs = { 'hw:cpu_policy': 'dedicated', ...extraSpecs };
  return { kind: 'pinfold/request', version: 1, vm: 'web', vcpus, memoryMiB: 64, extraSpecs: specs };
}

type Name = Parameters<typeof namedMachine>[0];
const node = (name: string, machine: Name, claims: readonly Claim[] = [], policy = {}) => ({
  node: name,
  host: hostOf(namedMachine(machine), policy, claims),
});
const ranking = (...of: Parameters<typeof rankNodes>) => {
  const result = rankNodes(...of);
  if (!result.ok) throw new Error(result.error.summary);
  return result.ranking;
};

describe('three nodes like dual-socket-smt', () => {
  const nodes = [
    node('half', 'dual-socket-smt', [held('0-3,16-19')]),
    node('empty', 'dual-socket-smt'),
    node('little', 'dual-socket-smt', [held('0,16')]),
  ];

  test('rank from the emptiest to the fullest under spread, and the other way under pack', () => {
    const names = (preference: 'spread' | 'pack') =>
      ranking(nodes, guest(2), preference).fits.map(({ node: name }) => name);
    expect(names('spread')).toEqual(['empty', 'little', 'half']);
    expect(names('pack')).toEqual(['half', 'little', 'empty']);
  });

  test('are refused one by one, each with its own numbers', () => {
    const { fits, refused } = ranking(nodes, guest(400), 'spread');
    expect(fits).toEqual([]);
    expect(refused.map(({ node: name, code }) => [name, code])).toEqual([
      ['empty', 'no-cell-fits'],
      ['half', 'no-cell-fits'],
      ['little', 'no-cell-fits'],
    ]);
    expect(refused[0]!.summary).toContain('400 dedicated CPUs');
  });

  test('rank for a guest that asks for nothing by their load', () => {
    const { fits } = ranking(nodes, guest(2, { 'hw:cpu_policy': 'shared' }), 'spread');
    expect(fits.map(({ node: name, hostCells }) => [name, hostCells])).toEqual([
      ['empty', []],
      ['little', []],
      ['half', []],
    ]);
  });
});

test('a node whose cells are nearer comes before an emptier one', () => {
  const nodes = [node('far', 'dual-socket-smt'), node('near', 'epyc-nps4', [held('0-3')])];
  const { fits } = ranking(nodes, guest(4, { 'hw:numa_nodes': '2' }), 'spread');
  expect(fits.map(({ node: name }) => name)).toEqual(['near', 'far']);
  expect(fits[0]!.cellDistance).toBeLessThan(fits[1]!.cellDistance);
});

test('a node that would break no core comes before one that would', () => {
  const nodes = [node('breaks', 'dual-socket-smt'), node('keeps', 'dual-socket-smt', [held('0')])];
  expect(ranking(nodes, guest(1), 'pack').fits.map(({ node: name }) => name)).toEqual(['keeps', 'breaks']);
});

test('a node whose policy contradicts itself is refused with that, and a wrong request is one error', () => {
  const odd = node('odd', 'dual-socket-smt', [], { cpu_dedicated_set: '0-3', vcpu_pin_set: '0-3' });
  expect(ranking([odd], guest(1), 'spread').refused).toEqual([
    { node: 'odd', code: expect.stringMatching(/^policy-/) as string, summary: expect.any(String) as string },
  ]);
  const wrong = rankNodes([], guest(1, { 'hw:cpu_policy': 'maybe' }), 'spread');
  expect(!wrong.ok && wrong.error.option).toBe('hw:cpu_policy');
});

test('agrees with a decision on every node, in whatever order they come', () => {
  const machines = ['dual-socket-smt', 'epyc-nps4', 'hybrid-desktop', 'laptop-1c'] as const;
  const world = fc.array(
    fc.record({ machine: fc.constantFrom(...machines), taken: fc.integer({ min: 0, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(world, fc.integer({ min: 1, max: 20 }), (of, vcpus) => {
      const nodes = of.map(({ machine, taken }, i) => node(`n${i}`, machine, [held(`0-${taken}`)]));
      const request = guest(vcpus);
      const { fits, refused } = ranking(nodes, request, 'spread');
      expect(fits.length + refused.length).toBe(nodes.length);
      for (const { node: name, host } of nodes) {
        const decision = decide(buildHostModel(host), request);
        const found = fits.find(fit => fit.node === name);
        expect(found !== undefined).toBe(decision.fits);
        if (decision.fits)
          expect(found!.hostCells).toEqual(decision.placement!.cells.map(cell => cell.hostCell));
      }
      expect(ranking([...nodes].reverse(), request, 'spread')).toEqual({
        ...ranking(nodes, request, 'spread'),
      });
    }),
    { numRuns: 50 },
  );
});
