import fc from 'fast-check';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { smallWorlds } from '../testing/small-worlds.ts';
import { decide } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { withMostMemory } from './less-memory.ts';
import { placeCells } from './place.ts';

/** The hint for a guest of one vCPU, so that only memory can be given up, on two sockets of 64 GiB. */
function hintFor(memoryMiB: number, extraSpecs: Readonly<Record<string, string>>, policy: HostPolicy = {}) {
  const request = { kind: 'pinfold/request', version: 1, vm: 'vm', vcpus: 1, memoryMiB, extraSpecs } as const;
  const decision = decide(buildHostModel(hostOf(namedMachine('dual-socket-smt'), policy)), request);
  return 'refusal' in decision ? decision.refusal.hint : JSON.stringify(decision);
}

describe('the hint for a guest with too much memory names the most that fits', () => {
  test('a shared guest of 60000 MiB where 45056 MiB of base pages are', () => {
    expect(hintFor(60000, { 'hw:cpu_policy': 'shared', 'hw:numa_nodes': '1' })).toBe(
      'It fits with 45056 MiB of memory instead of 60000 MiB.',
    );
  });

  test('a dedicated guest where the kernel has 44032 MiB free', () => {
    expect(hintFor(60001, { 'hw:cpu_policy': 'dedicated' })).toBe(
      'It fits with 44032 MiB of memory instead of 60001 MiB.',
    );
  });

  test('beside QEMU’s own memory', () => {
    expect(hintFor(60001, { 'hw:cpu_policy': 'dedicated' }, { overhead_mb_per_guest: 100 })).toBe(
      'It fits with 43932 MiB of memory instead of 60001 MiB.',
    );
  });

  test('with 1 GiB pages in whole pages', () => {
    const lockedGiB = { 'hw:mem_page_size': '1GB', 'hw:locked_memory': 'true' };
    expect(hintFor(60001, lockedGiB)).toBe('It fits with 4096 MiB of memory instead of 60001 MiB.');
    const large = { 'hw:mem_page_size': 'large', 'hw:locked_memory': 'true' };
    expect(hintFor(65536, large)).toBe('It fits with 16384 MiB of memory instead of 65536 MiB.');
  });
});

/** Every amount below the guest's own, largest first. */
function mostByTrying(spec: GuestSpec, fits: (spec: GuestSpec) => boolean): number | null {
  for (let memoryMiB = spec.memoryMiB - 1; memoryMiB > 0; memoryMiB -= 1) {
    const cells = spec.cells.map(cell => ({ ...cell, memoryMiB }));
    if (fits({ ...spec, cells, memoryMiB })) return memoryMiB;
  }
  return null;
}

test('on small hosts it is what trying every amount finds', () => {
  let cut = 0;
  fc.assert(
    fc.property(smallWorlds, fc.integer({ min: 1, max: 700 }), ({ host, spec: any }, memoryMiB) => {
      const spec = {
        ...any,
        memoryMiB,
        cells: any.cells.map(cell => ({ ...cell, memoryMiB })),
        autoCells: false,
      };
      fc.pre(spec.cells.length === 1);
      const model = buildHostModel(host);
      const found = withMostMemory(model, spec)?.memoryMiB ?? null;
      expect(found).toBe(mostByTrying(spec, changed => placeCells(model, changed, true).ok));
      if (found !== null && found < memoryMiB - 1) cut += 1;
    }),
    { numRuns: 150, seed: 11 },
  );
  expect(cut).toBeGreaterThan(20);
});
