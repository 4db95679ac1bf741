import fc from 'fast-check';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import { RunningHost } from '../engine/running-host.ts';
import { hostOf } from '../machines/host-of.ts';
import type { Machine } from '../machines/machine.ts';
import { plainGuest } from './plain-guest.ts';

/** `cells` cells of four cores with two threads: cell c has CPUs 4c to 4c+3 and their siblings, 4 · cells further. */
export const smallNode = (cells: number, change: Partial<Machine> = {}): Machine => ({
  name: 'small-node',
  sockets: 1,
  cellsPerSocket: cells,
  coresPerCell: 4,
  threadsPerCore: 2,
  memoryMiBPerCell: 16384,
  ...change,
});

/** A guest of one cell whose vCPUs are all dedicated. */
export function dedicatedGuest(vm: string, vcpus: number, change: Partial<GuestSpec> = {}): GuestSpec {
  const memoryMiB = change.memoryMiB ?? 512;
  const own = CpuSet.range(0, vcpus - 1);
  return plainGuest({
    vm,
    vcpus,
    memoryMiB,
    cells: [{ id: 0, vcpus: own, dedicated: own, memoryMiB }],
    ...change,
  });
}

/** The same with two equal cells. */
export function halvedGuest(vm: string, vcpus: number, memoryMiB: number): GuestSpec {
  const half = (id: number) => CpuSet.range((id * vcpus) / 2, ((id + 1) * vcpus) / 2 - 1);
  const cells = [0, 1].map(id => ({ id, vcpus: half(id), dedicated: half(id), memoryMiB: memoryMiB / 2 }));
  return dedicatedGuest(vm, vcpus, { memoryMiB, cells });
}

/** Lets the guest run on these host cells, where it has room there; whether it has. */
export function settle(host: RunningHost, spec: GuestSpec, on: readonly number[]): boolean {
  const offer = host.offer({ ...spec, allowedCells: on });
  if (offer.ok) host.put({ ...offer.guest, spec });
  return offer.ok;
}

/** The host while one of its CPUs is offline: as the kernel does, it leaves every list. */
export function withoutCpu(host: Host, cpu: number): Host {
  const rest = (text: string) =>
    parseCpuList(text)
      .minus(CpuSet.of([cpu]))
      .toString();
  const { topology } = host;
  const cells = topology.cells.map(cell => ({
    ...cell,
    cpus: rest(cell.cpus),
    cores: cell.cores.map(rest).filter(core => core !== ''),
    caches: cell.caches.map(rest).filter(cache => cache !== ''),
  }));
  return {
    ...host,
    topology: { ...topology, cells, cpus: { ...topology.cpus, online: rest(topology.cpus.online) } },
  };
}

/** The same guests on another state of their host. */
function carriedTo(host: Host, from: RunningHost): RunningHost {
  const running = new RunningHost(host);
  for (const guest of from.guests.values()) running.put(guest);
  return running;
}

/** What one guest of a dealt host wants. */
export interface DealtWish {
  readonly vcpus: number;
  /** Two guest cells with so many vCPUs each. */
  readonly two: boolean;
  readonly memoryMiB: number;
  readonly threads: GuestSpec['threadPolicy'];
  readonly emulator: 'float' | 'isolate';
  /** The cell that it starts on, or the first of its two; counted round. */
  readonly on: number;
}

/** Guests of any thread and emulator policy. */
const anyWishes: fc.Arbitrary<DealtWish> = fc.record({
  vcpus: fc.integer({ min: 1, max: 4 }),
  two: fc.constantFrom(false, false, false, true),
  memoryMiB: fc.constantFrom(128, 512, 1024, 4096),
  threads: fc.constantFrom(null, null, 'prefer', 'require', 'isolate', 'separate'),
  emulator: fc.constantFrom('float', 'float', 'isolate'),
  on: fc.nat(2),
});

/**
 * Two or three cells on which guests came and went, so that holes are left; and one more guest. Of some, a CPU was offline while
 * guests came: one that wanted whole cores then may hold a core without its sibling, which is another guest's since.
 */
export const dealtHosts = hostsDealtTo(anyWishes);

/** The same with guests of these kinds alone. */
export function hostsDealtTo(
  wishes: fc.Arbitrary<DealtWish>,
): fc.Arbitrary<{ readonly running: RunningHost; readonly newcomer: GuestSpec }> {
  return fc
    .record({
      cells: fc.integer({ min: 2, max: 3 }),
      guests: fc.array(wishes, { minLength: 6, maxLength: 16 }),
      gone: fc.array(fc.nat(13), { maxLength: 3 }),
      newcomer: wishes.map(wish => ({ ...wish, vcpus: wish.vcpus + 2 })),
      strategy: fc.constantFrom('pack', 'spread'),
      ratio: fc.constantFrom(1, 2, 3),
      caches: fc.constantFrom(undefined, 2),
      offline: fc.option(
        fc.record({ cpu: fc.nat(15), from: fc.nat(4), guests: fc.integer({ min: 1, max: 6 }) }),
      ),
    })
    .map(({ cells, guests, gone, newcomer, strategy, ratio, caches, offline }) => {
      const small = smallNode(cells, caches === undefined ? {} : { coresPerCache: caches });
      const host = hostOf(small, { strategy, emulator_overcommit_ratio: ratio });
      let running = new RunningHost(host);
      const specOf = (vm: string, wish: DealtWish): GuestSpec => {
        const { vcpus, two, memoryMiB, threads: threadPolicy, emulator } = wish;
        const plain = two ? halvedGuest(vm, vcpus * 2, memoryMiB) : dedicatedGuest(vm, vcpus, { memoryMiB });
        return { ...plain, threadPolicy, emulator };
      };
      guests.forEach((wish, index) => {
        if (index === offline?.from) running = carriedTo(withoutCpu(host, offline.cpu), running);
        if (offline !== null && index === offline.from + offline.guests) running = carriedTo(host, running);
        const first = wish.on % cells;
        settle(running, specOf(`g${index}`, wish), wish.two ? [first, (first + 1) % cells] : [first]);
      });
      for (const index of gone) running.remove(`g${index}`);
      return { running: carriedTo(host, running), newcomer: specOf('newcomer', newcomer) };
    });
}
