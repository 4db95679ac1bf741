import fc from 'fast-check';
import type { Claim } from '../domain/claim.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { claimOf } from './claim-of.ts';
import { decide } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { readRequest } from './request/read-request.ts';
import { roomFor } from './room-for.ts';
import { twoCells } from '../testing/two-cells.ts';

function held(pcpus: string): Claim {
  const cell = { hostCell: 0, pcpus, sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 };
  return { vm: '0', source: 'observed', cells: [cell], emulator: null, devices: [] };
}

function guest(
  vcpus: number,
  memoryMiB = 64,
  extra: Readonly<Record<string, string>> = {},
): PlacementRequest {
  const extraSpecs = { 'hw:cpu_policy': 'dedicated', ...extra };
  return { kind: 'pinfold/request', version: 1, vm: '0', vcpus, memoryMiB, extraSpecs };
}

const roomOf = (...of: Parameters<typeof roomFor>) => {
  const result = roomFor(...of);
  if (!result.ok) throw new Error(result.error.summary);
  return result.room;
};

describe('room on a machine of two cells', () => {
  test('is counted per cell and in all', () => {
    expect(roomOf(hostOf(twoCells, {}, [held('0-2')]), guest(2))).toEqual({
      total: 6,
      cells: [
        { hostCell: 0, guests: 2 },
        { hostCell: 1, guests: 4 },
      ],
      more: false,
    });
  });

  test('ends where memory does, whole cores do, or pool CPUs do', () => {
    const host = hostOf(twoCells);
    expect(roomOf(host, guest(1, 4096))!.total).toBe(4);
    expect(roomOf(host, guest(1, 64, { 'hw:cpu_thread_policy': 'isolate' }))!.total).toBe(8);
    const pool = hostOf(twoCells, { emulator_overcommit_ratio: 4 });
    const isolated = { 'hw:emulator_threads_policy': 'isolate' };
    expect(roomOf(host, guest(1, 64, isolated))!.total).toBe(8);
    expect(roomOf(pool, guest(1, 64, isolated))!.total).toBe(12);
  });

  test('of a guest with two cells is on no cell alone', () => {
    expect(roomOf(hostOf(twoCells), guest(4, 64, { 'hw:numa_nodes': '2' }))).toEqual({
      total: 4,
      cells: [
        { hostCell: 0, guests: 0 },
        { hostCell: 1, guests: 0 },
      ],
      more: false,
    });
  });

  test('keeps to the cells that the guest may use', () => {
    const room = roomOf(hostOf(twoCells), guest(2, 64, { 'pinfold:cells': '1' }))!;
    expect([room.total, room.cells.map(({ guests }) => guests)]).toEqual([4, [0, 4]]);
  });

  test('is not counted for a guest that floats, and a wrong request is an error', () => {
    expect(roomOf(hostOf(twoCells), guest(2, 64, { 'hw:cpu_policy': 'shared' }))).toBeNull();
    expect(roomFor(hostOf(twoCells), guest(2, 64, { 'hw:cpu_policy': 'maybe' })).ok).toBe(false);
  });
});

test('as many guests as promised start one after the other on dual-socket-smt, and not one more', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('prefer', 'isolate', 'require'),
      (vcpus, threads) => {
        const host = hostOf(namedMachine('dual-socket-smt'));
        const request = guest(vcpus, 256, { 'hw:cpu_thread_policy': threads });
        const read = readRequest(request);
        if (!read.ok) throw new Error(read.error.summary);
        const claims: Claim[] = [];
        const { total } = roomOf(host, request)!;
        for (let count = 0; count <= total; count += 1) {
          const model = buildHostModel({ ...host, claims });
          const decision = decide(model, { ...request, vm: `g${count}` });
          expect(decision.fits).toBe(count < total);
          if (!decision.fits || decision.placement === null) break;
          const spec = { ...read.spec, vm: `g${count}` };
          claims.push(claimOf(model, { placement: decision.placement, spec, source: 'observed' }));
        }
      },
    ),
    { numRuns: 20 },
  );
});
