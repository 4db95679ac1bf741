import type { Claim } from '../domain/claim.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { hostOf } from '../machines/host-of.ts';
import { plainGuest } from '../testing/plain-guest.ts';
import { place } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { twoCells } from '../testing/two-cells.ts';

function held(hostCell: number, pcpus: string, memoryMiB = 0): Claim {
  const cell = { hostCell, pcpus, sharedVcpus: 0, memoryMiB, pageSizeKiB: null, pages: memoryMiB * 256 };
  return { vm: `held-${hostCell}`, source: 'observed', cells: [cell], emulator: null, devices: [] };
}

const spread = (claims: readonly Claim[]) => buildHostModel(hostOf(twoCells, { strategy: 'spread' }, claims));

describe('spread on a machine of two cells', () => {
  test('puts the guest cell with the emulator’s CPU on the emptier cell', () => {
    const cells = [0, 1].map(id => {
      const vcpus = CpuSet.range(2 * id, 2 * id + 1);
      return { id, vcpus, dedicated: vcpus, memoryMiB: 64 };
    });
    const spec = plainGuest({ vcpus: 4, memoryMiB: 128, cells, emulator: 'isolate' });
    for (const fuller of [0, 1]) {
      const outcome = place(spread([held(fuller, fuller === 0 ? '0,8' : '4,12')]), spec);
      const hosts = outcome.ok ? outcome.placement.cells.map(cell => cell.hostCell) : [];
      expect(hosts).toEqual([1 - fuller, fuller]);
    }
  });

  test('takes the cell with more memory left when the CPUs are even, though a whole core is broken there', () => {
    const model = spread([held(0, '0,1', 4096), held(1, '4,12', 1024)]);
    const outcome = place(model, plainGuest({ vcpus: 1 }));
    expect(outcome.ok && outcome.placement.nodeset).toBe('1');
    expect(outcome.ok && outcome.why[0]).toMatch(
      /its load of CPUs and memory is lower \(31\.5 % against 40\.8 %/,
    );
  });

  test('says the load that decided', () => {
    const outcome = place(spread([held(0, '0,8')]), plainGuest({ vcpus: 2 }));
    expect(outcome.ok && outcome.why[0]).toMatch(
      /its load of CPUs and memory is lower \(19 % against 37\.7 %/,
    );
  });

  test('keeps guest cells in order where changing places costs the same', () => {
    const halves = [0, 1].map(id => {
      const vcpus = CpuSet.range(2 * id, 2 * id + 1);
      return { id, vcpus, dedicated: vcpus, memoryMiB: 64 };
    });
    const spec = plainGuest({ vcpus: 4, memoryMiB: 128, cells: halves, emulator: 'isolate' });
    for (const fuller of [0, 1]) {
      const outcome = place(spread([held(fuller, '', 20)]), spec);
      expect(outcome.ok && outcome.placement.cells.map(cell => cell.hostCell)).toEqual([0, 1]);
    }
  });
});
