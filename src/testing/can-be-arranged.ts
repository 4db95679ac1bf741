import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';

/** A guest that runs. */
export interface ArrangedGuest {
  readonly spec: GuestSpec;
  readonly placement: Placement;
}

/** What one guest cell needs: dedicated CPUs, shared vCPUs, MiB of one page size (index; the base size first). */
interface Need {
  readonly cpus: number;
  readonly shared: number;
  readonly page: number;
  readonly memoryMiB: number;
}

interface CellRoom {
  cpus: number;
  /** Shared vCPUs at the ratio, and the most of one guest cell. */
  shared: number;
  readonly floating: number;
  readonly memory: number[];
}

/** Guest cells put down before the question is given up. */
const STEPS = 300_000;

/**
 * Whether these guests and a newcomer could all run at once if every one of them were placed anew: an exhaustive
 * search by numbers per cell (CPUs, whole cores under isolate, shared vCPUs, memory by page size), which knows
 * nothing of siblings and is therefore never too strict. It shares no code with the engine. null = given up.
 * For hosts without claims of their own, devices and emulator pools.
 */
export function canBeArranged(
  host: Host,
  guests: readonly ArrangedGuest[],
  newcomer: GuestSpec,
): boolean | null {
  const sizes = [...new Set(host.topology.cells.flatMap(cell => cell.pages.map(pool => pool.sizeKiB)))].sort(
    (a, b) => a - b,
  );
  const rooms = roomsOf(host, sizes);
  const threads = Math.max(
    ...host.topology.cells.flatMap(cell => cell.cores.map(core => parseCpuList(core).size)),
  );
  const running = guests.map(({ spec, placement }) => [
    needsOf(spec, {
      threads,
      page: Math.max(0, sizes.indexOf(placement.cells[0]?.pageSizeKiB ?? sizes[0]!)),
    }),
  ]);
  const wanted = pagesFor(newcomer, sizes).map(page => needsOf(newcomer, { threads, page }));
  const all = [...running, wanted].sort((a, b) => largest(b) - largest(a));
  const cpus = all.reduce(
    (sum, [needs]) => sum + (needs ?? []).reduce((part, need) => part + need.cpus, 0),
    0,
  );
  if (cpus > rooms.reduce((sum, room) => sum + room.cpus, 0)) return false;
  return new Packing(rooms).pack(all);
}

function largest(variants: readonly (readonly Need[])[]): number {
  return Math.max(0, ...(variants[0] ?? []).map(need => need.cpus));
}

function needsOf(
  spec: GuestSpec,
  { threads, page }: { readonly threads: number; readonly page: number },
): readonly Need[] {
  const burnt = spec.threadPolicy === 'isolate' ? threads : 1;
  const pinned = spec.cpuPolicy === 'dedicated' || spec.cpuPolicy === 'mixed';
  return spec.cells.map((cell, index) => {
    const dedicated = pinned ? cell.dedicated.size : 0;
    return {
      cpus: (dedicated + (index === 0 && spec.emulator === 'isolate' ? 1 : 0)) * burnt,
      shared: cell.vcpus.size - dedicated,
      page,
      memoryMiB: pinned || spec.pageSize !== null ? cell.memoryMiB : 0,
    };
  });
}

function pagesFor({ pageSize }: GuestSpec, sizes: readonly number[]): readonly number[] {
  if (pageSize === null || pageSize === 'small') return [0];
  const all = sizes.map((_, index) => index);
  if (pageSize === 'any') return all;
  return pageSize === 'large' ? all.slice(1) : all.filter(index => sizes[index] === pageSize);
}

function roomsOf(host: Host, sizes: readonly number[]): CellRoom[] {
  const { policy } = host;
  const set = (text: string | undefined, cpus: CpuSet) =>
    text === undefined || text === '' ? CpuSet.EMPTY : cpus.intersect(parseCpuList(text));
  return host.topology.cells.map(cell => {
    const cpus = parseCpuList(cell.cpus);
    const dedicated = policy.vcpu_pin_set ?? policy.cpu_dedicated_set ?? cell.cpus;
    const floating = set(policy.vcpu_pin_set === undefined ? policy.cpu_shared_set : '', cpus).size;
    const ratio = policy.cpu_allocation_ratio ?? 4;
    return {
      cpus: set(dedicated, cpus).size,
      shared: floating * ratio,
      floating,
      memory: sizes.map(size => {
        const pool = cell.pages.find(candidate => candidate.sizeKiB === size);
        return pool === undefined ? 0 : (pool.total * size) / 1024;
      }),
    };
  });
}

class Packing {
  readonly #rooms: CellRoom[];
  #steps = STEPS;

  constructor(rooms: CellRoom[]) {
    this.#rooms = rooms;
  }

  pack(guests: readonly (readonly (readonly Need[])[])[]): boolean | null {
    if (this.#guest(guests, 0)) return true;
    return this.#steps <= 0 ? null : false;
  }

  #guest(guests: readonly (readonly (readonly Need[])[])[], at: number): boolean {
    if (at === guests.length) return true;
    return guests[at]!.some(needs => this.#cell({ guests, at, needs, row: 0, used: 0 }));
  }

  #cell(now: {
    readonly guests: readonly (readonly (readonly Need[])[])[];
    readonly at: number;
    readonly needs: readonly Need[];
    readonly row: number;
    readonly used: number;
  }): boolean {
    const need = now.needs[now.row];
    if (need === undefined) return this.#guest(now.guests, now.at + 1);
    const order = this.#rooms
      .map((_, index) => index)
      .sort((a, b) => this.#rooms[a]!.cpus - this.#rooms[b]!.cpus);
    for (const index of order) {
      if ((now.used & (1 << index)) !== 0 || !fits(this.#rooms[index]!, need)) continue;
      this.#steps -= 1;
      if (this.#steps <= 0) return false;
      take(this.#rooms[index]!, need, 1);
      const done = this.#cell({ ...now, row: now.row + 1, used: now.used | (1 << index) });
      take(this.#rooms[index]!, need, -1);
      if (done) return true;
    }
    return false;
  }
}

function fits(room: CellRoom, need: Need): boolean {
  return (
    need.cpus <= room.cpus &&
    need.shared <= Math.min(room.shared, room.floating) &&
    need.memoryMiB <= room.memory[need.page]!
  );
}

function take(room: CellRoom, need: Need, sign: 1 | -1): void {
  room.cpus -= sign * need.cpus;
  room.shared -= sign * need.shared;
  room.memory[need.page]! -= sign * need.memoryMiB;
}
