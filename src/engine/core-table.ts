import type { CpuSet } from '../domain/cpu-set.ts';
import { listedCpus, parseCpuList } from '../domain/cpu-list.ts';
import type { Host } from '../domain/host.ts';
import type { Cell } from '../domain/host-topology.ts';
import type { ClaimUsage } from './claim-usage.ts';
import type { PolicySets } from './policy-sets.ts';

/**
 * The cores of one cell, in ascending order of their lowest CPU, as flat arrays: entry i of each array is core
 * i, and its free dedicated CPUs are `threads[start[i]]` to `threads[start[i] + free[i] - 1]`.
 */
export interface CoreTable {
  readonly count: number;
  readonly start: Int32Array;
  readonly threads: Int32Array;
  /** Free dedicated CPUs of the core. */
  readonly free: Int32Array;
  /** The first so many of them are in no floating set (CPUs isolated from the kernel's scheduler). */
  readonly quiet: Int32Array;
  /** Online threads; 1 = no SMT sibling. */
  readonly online: Int32Array;
  /** Threads that policy gives to dedicated use, free or not. */
  readonly usable: Int32Array;
  /** 1 where every thread that guests may use is dedicated, and no claim has any: what thread policy isolate needs. */
  readonly whole: Uint8Array;
  /** 1 where taking a first thread breaks a core: whole and with more than one dedicated thread. */
  readonly breakable: Uint8Array;
  /** CPU kind: 0 where the machine has one kind, 1 performance, 2 efficiency. */
  readonly kind: Uint8Array;
  /** Last-level cache domain, numbered from 0. */
  readonly domain: Int32Array;
  /** Cache domain and CPU kind together, numbered from 0: vCPUs of one guest best stay in one. */
  readonly group: Int32Array;
  readonly domainCount: number;
  readonly groupCount: number;
  /** CPUs of this core that carry emulator threads of a pool. */
  readonly poolCpus: Int32Array;
  /** Sum of `free`. */
  readonly freeTotal: number;
  /** All online threads of the core, ascending, in the order of the cores. */
  readonly members: readonly (readonly number[])[];
}

interface Input {
  readonly cell: Cell;
  readonly cpus: CpuSet;
  readonly host: Host;
  readonly policy: PolicySets;
  readonly usage: ClaimUsage;
  readonly floating: CpuSet;
}

/** Fills the table. CPUs that no core lists are cores of their own; what no cache lists is one domain. */
export function buildCoreTable(input: Input): CoreTable {
  const members = coresOf(input.cell, input.cpus);
  const count = members.length;
  const ints = () => new Int32Array(count);
  const table = {
    count,
    start: ints(),
    threads: new Int32Array(input.cpus.size),
    free: ints(),
    quiet: ints(),
    online: ints(),
    usable: ints(),
    whole: new Uint8Array(count),
    breakable: new Uint8Array(count),
    kind: new Uint8Array(count),
    domain: ints(),
    group: ints(),
    domainCount: 0,
    groupCount: 0,
    poolCpus: ints(),
    freeTotal: 0,
    members,
  };
  for (let core = 0; core < count; core += 1) fillCore(table, core, input);
  fillDomains(table, input);
  return table;
}

type Filling = { -readonly [Key in keyof CoreTable]: CoreTable[Key] };

function fillCore(table: Filling, i: number, input: Input): void {
  const { dedicated, shared, emulatorPin } = input.policy;
  const { cpus: claimed, poolCpus } = input.usage;
  const from = table.freeTotal;
  let whole = true;
  let usable = 0;
  let online = 0;
  let quiet = 0;
  const members = table.members[i]!;
  for (let at = 0; at < members.length; at += 1) {
    const cpu = members[at]!;
    online += 1;
    if (poolCpus.has(cpu)) table.poolCpus[i]! += 1;
    const taken = claimed.has(cpu);
    if (!dedicated.has(cpu)) {
      if (taken || shared.has(cpu) || emulatorPin.has(cpu)) whole = false;
      continue;
    }
    usable += 1;
    if (taken) whole = false;
    else if (!input.floating.has(cpu)) table.threads[from + quiet++] = cpu;
  }
  let free = quiet;
  for (let at = 0; at < members.length; at += 1) {
    const cpu = members[at]!;
    if (dedicated.has(cpu) && !claimed.has(cpu) && input.floating.has(cpu))
      table.threads[from + free++] = cpu;
  }
  table.start[i] = from;
  table.quiet[i] = quiet;
  table.free[i] = free;
  table.freeTotal = from + free;
  table.online[i] = online;
  table.usable[i] = usable;
  table.whole[i] = whole && usable > 0 ? 1 : 0;
  table.breakable[i] = whole && usable > 1 ? 1 : 0;
}

function fillDomains(table: Filling, input: Input): void {
  const caches = input.cell.caches
    .map(text => parseCpuList(text).intersect(input.cpus))
    .filter(cache => !cache.isEmpty)
    .sort((a, b) => a.first! - b.first!);
  const performance = parseCpuList(input.host.topology.kinds?.performance ?? '');
  const efficiency = parseCpuList(input.host.topology.kinds?.efficiency ?? '');
  const groups = new Map<number, number>();
  table.members.forEach((core, i) => {
    const first = core[0]!;
    const cache = caches.findIndex(set => set.has(first));
    table.domain[i] = cache < 0 ? caches.length : cache;
    table.kind[i] = performance.has(first) ? 1 : efficiency.has(first) ? 2 : 0;
    const key = table.domain[i] * 3 + table.kind[i];
    if (!groups.has(key)) groups.set(key, groups.size);
    table.group[i] = groups.get(key)!;
  });
  table.domainCount = caches.length + 1;
  table.groupCount = groups.size;
}

/**
 * Loops by index, arrays in their length and no needless sort: on hundreds of cores the rest costs a start a collection
 * of garbage.
 */
function coresOf(cell: Cell, cpus: CpuSet): number[][] {
  const cores: number[][] = [];
  const isListed = new Uint8Array(cpus.highest + 1);
  let listed = 0;
  for (let at = 0; at < cell.cores.length; at += 1) {
    const core = unlisted(listedCpus(cell.cores[at]!), cpus, isListed);
    if (core.length === 0) continue;
    listed += core.length;
    cores.push(ascending(core, cpu => cpu));
  }
  if (listed < cpus.size) for (const cpu of cpus) if (isListed[cpu] === 0) cores.push([cpu]);
  return ascending(cores, core => core[0]!);
}

/** Of the named CPUs those of the set that no core has listed yet, moved to the front of the same array; lists them. */
function unlisted(named: number[], cpus: CpuSet, isListed: Uint8Array): number[] {
  let count = 0;
  for (let at = 0; at < named.length; at += 1) {
    const cpu = named[at]!;
    if (!cpus.has(cpu) || isListed[cpu] === 1) continue;
    isListed[cpu] = 1;
    named[count++] = cpu;
  }
  if (count < named.length) named.length = count;
  return named;
}

function ascending<T>(list: T[], key: (entry: T) => number): T[] {
  for (let at = 1; at < list.length; at += 1)
    if (key(list[at - 1]!) > key(list[at]!)) return list.sort((a, b) => key(a) - key(b));
  return list;
}
