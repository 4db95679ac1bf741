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

  test('takes the cell whose scarcer part is less in use: memory where guests take more of that', () => {
    const model = spread([held(0, '0,1', 4096), held(1, '4,12', 1024)]);
    const outcome = place(model, plainGuest({ vcpus: 1 }));
    expect(outcome.ok && outcome.placement.nodeset).toBe('1');
    expect(outcome.ok && outcome.why[0]).toMatch(
      /its load, the larger share of CPUs and memory, is lower \(37\.5 % against 50\.8 %/,
    );
  });

  test('takes the cell with a percent more memory left when the CPUs are even, though a whole core is broken there', () => {
    const model = spread([held(0, '0,1', 512), held(1, '4,12', 256)]);
    const outcome = place(model, plainGuest({ vcpus: 1 }));
    expect(outcome.ok && outcome.placement.nodeset).toBe('1');
    expect(outcome.ok && outcome.why[0]).toMatch(/less of its memory is in use \(3 % against 7 % afterwards/);
  });

  test('takes the cell with more guests when both are as full but for less than a percent of memory', () => {
    const one = held(0, '0,8', 64);
    const many = [held(1, '4', 64), { ...held(1, '12', 8), vm: 'another' }];
    for (const claims of [
      [one, ...many],
      [many[1]!, many[0]!, one],
    ]) {
      const outcome = place(spread(claims), plainGuest({ vcpus: 1, memoryMiB: 64 }));
      expect(outcome.ok && outcome.placement.nodeset).toBe('1');
      expect(outcome.ok && outcome.why[0]).toMatch(
        /more guests run there, so that one leaves sooner \(2 against 1\)/,
      );
    }
  });

  test('breaks no whole core when nothing else tells the cells apart', () => {
    const outcome = place(spread([held(0, '0,8'), held(1, '4,5')]), plainGuest({ vcpus: 1 }));
    expect(outcome.ok && outcome.placement.nodeset).toBe('1');
    expect(outcome.ok && outcome.why[0]).toMatch(/fewer whole cores are broken \(0 against 1\)/);
  });

  test('says the load that decided', () => {
    const outcome = place(spread([held(0, '0,8')]), plainGuest({ vcpus: 2 }));
    expect(outcome.ok && outcome.why[0]).toMatch(
      /its load, the larger share of CPUs and memory, is lower \(25 % against 50 %/,
    );
  });

  test('keeps guest cells in order where changing places costs the same', () => {
    const halves = [0, 1].map(id => {
      const vcpus = CpuSet.range(2 * id, 2 * id + 1);
      return { id, vcpus, dedicated: vcpus, memoryMiB: 64 };
    });
    const spec = plainGuest({ vcpus: 4, memoryMiB: 128, cells: halves, emulator: 'isolate' });
    for (const fuller of [0, 1]) {
      const outcome = place(spread([held(fuller, '', 1024)]), spec);
      expect(outcome.ok && outcome.placement.cells.map(cell => cell.hostCell)).toEqual([0, 1]);
    }
  });
});
