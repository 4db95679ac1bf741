import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Claim } from '../domain/claim.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Trace, TraceEvent } from '../domain/trace.ts';
import { readRequest } from '../engine/request/read-request.ts';
import {
  hostOfVector,
  readVectors,
  requestOfVector,
  type NovaHost,
  type NovaRequest,
} from './nova-vectors.ts';

export type Strategy = 'pack' | 'spread';

/** One trace with what Nova made of it. */
export interface NovaTrace {
  readonly id: string;
  readonly profile: string;
  readonly offeredVcpus: number;
  /** vCPUs that Nova placed, without the guests that it accepted with wrong pins. */
  readonly novaVcpus: Readonly<Record<Strategy, number>>;
  /** Names of the guests that Nova placed. */
  readonly novaAccepted: Readonly<Record<Strategy, ReadonlySet<string>>>;
  /** Mean over all events of the difference between the CPU shares of Nova's fullest and emptiest cell. */
  readonly novaGap: Readonly<Record<Strategy, number>>;
  readonly trace: (strategy: Strategy) => Trace;
}

interface NovaRun {
  readonly accepted: readonly string[];
  readonly reasons: Readonly<Record<string, string>>;
  readonly placements: Readonly<
    Record<string, readonly (readonly [cell: number, pins: string, reserved: string])[]>
  >;
}

interface TraceVector {
  readonly id: string;
  readonly profile: string;
  readonly host: NovaHost;
  readonly events: readonly (readonly ['a', string, NovaRequest] | readonly ['d', string])[];
  readonly nova: Readonly<Record<Strategy, NovaRun>>;
}

/** The 13 recorded traces. */
export function novaTraces(): readonly NovaTrace[] {
  return (readVectors('vectors-traces.json') as readonly TraceVector[]).map(vector => {
    const requests = new Map(
      vector.events.flatMap(event => (event[0] === 'a' ? [[event[1], event[2]]] : [])),
    );
    const host = hostOfVector(vector.host);
    const events = vector.events.map(eventOf);
    const trace = (strategy: Strategy): Trace => ({
      host: { ...host, policy: { ...host.policy, strategy } },
      events,
    });
    const placed = (run: NovaRun) =>
      run.accepted
        .filter(guest => !(run.reasons[guest] ?? '').startsWith('accepted-broken'))
        .reduce((sum, guest) => sum + requests.get(guest)!.vcpus, 0);
    return {
      id: vector.id,
      profile: vector.profile,
      offeredVcpus: [...requests.values()].reduce((sum, request) => sum + request.vcpus, 0),
      novaVcpus: { pack: placed(vector.nova.pack), spread: placed(vector.nova.spread) },
      novaAccepted: {
        pack: new Set(vector.nova.pack.accepted),
        spread: new Set(vector.nova.spread.accepted),
      },
      novaGap: { pack: novaGap(vector, 'pack'), spread: novaGap(vector, 'spread') },
      trace,
    };
  });
}

function eventOf(event: TraceVector['events'][number]): TraceEvent {
  return event[0] === 'd' ? event : ['a', event[1], requestOfVector({ id: event[1], request: event[2] })];
}

/** How far the fullest and the emptiest cell are apart: shares of the CPUs for dedicated use that are taken. */
export function loadGap(host: NovaHost | Trace['host'], taken: CpuSet): number {
  const sets =
    'topology' in host
      ? host.topology.cells.map(cell => dedicatedOf(host, parseCpuList(cell.cpus)))
      : host.cells.map(cell => parseCpuList(cell.pcpuset));
  const shares = sets.filter(set => set.size > 0).map(set => set.intersect(taken).size / set.size);
  return Math.max(...shares) - Math.min(...shares);
}

function dedicatedOf(host: Trace['host'], cpus: CpuSet): CpuSet {
  const text = host.policy.cpu_dedicated_set ?? host.policy.vcpu_pin_set ?? '';
  return text === '' ? cpus : cpus.intersect(parseCpuList(text));
}

/** All CPUs that these claims hold. */
export function cpusOf(claims: Iterable<Claim>): CpuSet {
  return CpuSet.union([...claims].flatMap(claim => claim.cells.map(cell => parseCpuList(cell.pcpus))));
}

function novaGap(vector: TraceVector, strategy: Strategy): number {
  const { placements } = vector.nova[strategy];
  const cores = vector.host.cells.flatMap(cell => cell.siblings.map(core => CpuSet.of(core)));
  const live = new Map<string, CpuSet>();
  let sum = 0;
  for (const event of vector.events) {
    const cells = event[0] === 'a' ? placements[event[1]] : undefined;
    if (event[0] === 'd') live.delete(event[1]);
    else if (cells !== undefined) {
      const pins = CpuSet.union(cells.flatMap(([, own, reserved]) => [own, reserved].map(parseCpuList)));
      const burns = event[2].extra_specs['hw:cpu_thread_policy'] === 'isolate';
      live.set(event[1], burns ? CpuSet.union(cores.filter(core => core.intersects(pins))) : pins);
    }
    sum += loadGap(vector.host, CpuSet.union(live.values()));
  }
  return sum / vector.events.length;
}

interface Totals {
  dedicated: number;
  shared: number;
  /** MiB by page size. */
  readonly memory: Map<number, number>;
}

/**
 * vCPUs that a placer admits which knows nothing but the host's totals: dedicated CPUs (whole cores under thread
 * policy isolate, an isolated emulator's with them), shared vCPUs at the ratio, memory by page size. It admits
 * guests that fit on no cell, and no real placer can follow it.
 */
export function greedyVcpus({ host, events }: Trace): number {
  const left = totalsOf(host);
  const threads = Math.max(
    ...host.topology.cells.flatMap(cell => cell.cores.map(core => parseCpuList(core).size)),
  );
  const live = new Map<string, { readonly need: Totals }>();
  let admitted = 0;
  const count = (need: Totals, sign: 1 | -1) => {
    left.dedicated -= sign * need.dedicated;
    left.shared -= sign * need.shared;
    for (const [size, mib] of need.memory) left.memory.set(size, left.memory.get(size)! - sign * mib);
  };
  for (const event of events) {
    const gone = live.get(event[1]);
    if (event[0] === 'd') {
      if (gone !== undefined) count(gone.need, -1);
      live.delete(event[1]);
      continue;
    }
    const read = readRequest(event[2]);
    if (!read.ok) continue;
    const need = needOf(read.spec, { left, threads });
    if (need === null) continue;
    count(need, 1);
    live.set(event[1], { need });
    admitted += read.spec.vcpus;
  }
  return admitted;
}

function totalsOf(host: Trace['host']): Totals {
  const all = CpuSet.union(host.topology.cells.map(cell => parseCpuList(cell.cpus)));
  const shared = host.policy.cpu_shared_set ?? '';
  const memory = new Map<number, number>();
  for (const pool of host.topology.cells.flatMap(cell => cell.pages))
    memory.set(pool.sizeKiB, (memory.get(pool.sizeKiB) ?? 0) + (pool.total * pool.sizeKiB) / 1024);
  return {
    dedicated: dedicatedOf(host, all).size,
    shared: parseCpuList(shared).size * (host.policy.cpu_allocation_ratio ?? 4),
    memory,
  };
}

function needOf(
  spec: GuestSpec,
  { left, threads }: { readonly left: Totals; readonly threads: number },
): Totals | null {
  const pinned =
    spec.cpuPolicy === 'dedicated' || spec.cpuPolicy === 'mixed'
      ? spec.cells.reduce((sum, cell) => sum + cell.dedicated.size, 0)
      : 0;
  const burnt = spec.threadPolicy === 'isolate' ? threads : 1;
  const dedicated = (pinned + (spec.emulator === 'isolate' ? 1 : 0)) * burnt;
  const sizes = [...left.memory.keys()].sort((a, b) => b - a);
  const wish = spec.pageSize;
  const usable =
    wish === null || wish === 'small'
      ? sizes.slice(-1)
      : wish === 'any'
        ? sizes
        : wish === 'large'
          ? sizes.slice(0, -1)
          : [wish];
  const size = usable.find(candidate => (left.memory.get(candidate) ?? 0) >= spec.memoryMiB);
  const shared = spec.vcpus - pinned;
  if (size === undefined || dedicated > left.dedicated || shared > left.shared) return null;
  return { dedicated, shared, memory: new Map([[size, spec.memoryMiB]]) };
}
