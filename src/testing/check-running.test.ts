import { CpuSet } from '../domain/cpu-set.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { Host } from '../domain/host.ts';
import { RunningHost } from '../engine/running-host.ts';
import { hostOf } from '../machines/host-of.ts';
import { checkRunning, type HeldGuest } from './check-running.ts';
import { plainGuest } from './plain-guest.ts';
import { twoCells } from './two-cells.ts';

const POLICY: HostPolicy = { cpu_allocation_ratio: 4, ram_allocation_ratio: 1 };
const host: Host = hostOf(twoCells, POLICY);

/** Guests that arrive on two-cells one after the other, each where it is decided; all on cell 0. */
function arrivals(...changes: readonly Parameters<typeof plainGuest>[0][]): HeldGuest[] {
  const running = new RunningHost(host);
  return changes.map((change, since) => {
    const offer = running.offer(plainGuest({ vm: `g${since}`, allowedCells: [0], ...change }));
    if (!offer.ok) throw new Error(`g${since} does not fit`);
    running.put(offer.guest);
    return { ...offer.guest, since };
  });
}
const floating = {
  vcpus: 2,
  cpuPolicy: 'shared',
  confineToCell: true,
  memoryMiB: 512,
  cells: [{ id: 0, vcpus: CpuSet.range(0, 1), dedicated: CpuSet.EMPTY, memoryMiB: 512 }],
} as const;
const look = (guest: HeldGuest, others: readonly HeldGuest[], running?: 'settled' | 'moving') =>
  checkRunning({ host, guest, others, ...(running === undefined ? {} : { running }) });
/** The guest with its floating threads on these CPUs. */
function on(guest: HeldGuest, cpus: string): HeldGuest {
  const { placement, claim } = guest;
  const pins = Object.fromEntries(Object.keys(placement.pins).map(vcpu => [vcpu, cpus]));
  const emulator = { ...placement.emulator, cpus };
  return {
    ...guest,
    placement: { ...placement, pins, emulator },
    claim: { ...claim, emulator: { policy: 'float', cpus, share: 0 } },
  };
}

describe('a guest that floats on two-cells', () => {
  const [first, second] = arrivals(floating, {}) as [HeldGuest, HeldGuest];
  const own = second.placement.pins['0']!;
  const rest = '1-3,8-11';

  test('breaks a rule where a guest that came later has a CPU for itself, until it gave that up', () => {
    expect(own).toBe('0');
    expect(look(first, [first, second], 'settled')).toEqual([
      'vCPU 0 does not float over the shared CPUs of its cell.',
      'vCPU 1 does not float over the shared CPUs of its cell.',
    ]);
    expect(look(on(first, rest), [first, second], 'settled')).toEqual([]);
  });

  test('may be on a part of its CPUs in the middle of a plan alone, and never on none or on those of others', () => {
    const part = on(first, '1-2');
    expect(look(part, [part, second], 'moving')).toEqual([]);
    expect(look(part, [part, second], 'settled')).toHaveLength(2);
    expect(look(on(first, '0-2'), [second], 'moving')).toHaveLength(2);
    expect(look(on(first, ''), [second], 'moving')).not.toEqual([]);
  });

  test('started with a set that says nothing any more while it runs', () => {
    const wider = on(first, rest);
    const narrow = {
      ...wider,
      placement: { ...wider.placement, emulator: { ...wider.placement.emulator, atStart: '1' } },
    };
    expect(look(narrow, [second], 'settled')).toEqual([]);
    expect(look(narrow, [second])).toContain(
      'The emulator set is empty, offline, or not in the starting set.',
    );
  });
});

describe('memory on two-cells', () => {
  const half = { memoryMiB: 4096, cells: [{ ...plainGuest().cells[0]!, memoryMiB: 4096 }] };
  const [first] = arrivals(half) as [HeldGuest];
  const other = (since: number): HeldGuest => ({
    ...first,
    since,
    claim: {
      ...first.claim,
      vm: 'other',
      cells: first.claim.cells.map(cell => ({ ...cell, pcpus: '3', memoryMiB: 6144, pages: 1_572_864 })),
    },
  });

  test('is held against what was there when the guest took its cells', () => {
    expect(look({ ...first, since: 5 }, [other(4)], 'settled')).toEqual(['Cell 0 lacks pages of 4 KiB.']);
    expect(look({ ...first, since: 5 }, [other(6)], 'settled')).toEqual([]);
  });

  test('of a later guest says nothing for its CPUs, which count all the same', () => {
    const robber = other(6);
    const own = first.placement.pins['0']!;
    const cells = robber.claim.cells.map(cell => ({ ...cell, pcpus: own }));
    const taken = { ...robber, claim: { ...robber.claim, cells } };
    expect(look({ ...first, since: 5 }, [taken], 'settled')).toEqual([
      'vCPU 0 is on a CPU that a claim holds.',
    ]);
  });
});
