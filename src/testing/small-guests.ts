import fc from 'fast-check';
import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import { plainGuest } from './plain-guest.ts';

interface Wish {
  readonly vcpus: readonly number[];
  readonly memory: readonly number[];
  readonly policy: GuestSpec['cpuPolicy'];
  readonly threads: GuestSpec['threadPolicy'];
  readonly mask: readonly boolean[];
  readonly emulator: 'float' | 'share' | 'isolate';
  readonly pageSize: GuestSpec['pageSize'];
  readonly cache: 'prefer' | 'require';
  readonly devices: readonly {
    readonly product: string;
    readonly policy: 'required' | 'preferred' | 'socket' | 'legacy';
  }[];
  readonly allowed: readonly number[] | null;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  vcpus: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  memory: fc.array(fc.constantFrom(2, 2, 64, 64, 128), { minLength: 3, maxLength: 3 }),
  policy: fc.constantFrom('dedicated', 'dedicated', 'mixed', 'shared'),
  threads: fc.constantFrom(null, null, null, 'prefer', 'isolate', 'require', 'separate', 'avoid'),
  mask: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
  emulator: fc.constantFrom('float', 'float', 'share', 'isolate'),
  pageSize: fc.constantFrom<GuestSpec['pageSize']>(null, null, null, null, 'small', 'large', 'any', 2048),
  cache: fc.constantFrom('prefer', 'prefer', 'prefer', 'require'),
  devices: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({
          product: fc.constantFrom('10ed', '1572'),
          policy: fc.constantFrom('required', 'preferred', 'socket', 'legacy'),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    },
  ),
  allowed: fc.constantFrom(null, null, null, null, [0, 1]),
});

/** Guests of one to three cells with any thread, emulator, page and device policy. */
export const smallGuests: fc.Arbitrary<GuestSpec> = wishes.map(wish => {
  const total = wish.vcpus.reduce((a, b) => a + b, 0);
  let next = 0;
  const cells = wish.vcpus.map((count, id) => {
    const vcpus = CpuSet.range(next, next + count - 1);
    next += count;
    const masked = CpuSet.of([...vcpus].filter(vcpu => wish.mask[vcpu]));
    const dedicated = wish.policy === 'dedicated' ? vcpus : wish.policy === 'mixed' ? masked : CpuSet.EMPTY;
    return { id, vcpus, dedicated, memoryMiB: wish.memory[id]! };
  });
  const pinned = wish.policy !== 'shared';
  return plainGuest({
    vcpus: total,
    memoryMiB: cells.reduce((sum, cell) => sum + cell.memoryMiB, 0),
    cells,
    cpuPolicy: wish.policy,
    threadPolicy: pinned ? wish.threads : null,
    emulator: pinned || wish.emulator !== 'isolate' ? wish.emulator : 'float',
    pageSize: wish.pageSize,
    cache: wish.cache,
    devices: wish.devices.map(device => ({ vendor: '8086', ...device })),
    allowedCells: wish.allowed,
  });
});
