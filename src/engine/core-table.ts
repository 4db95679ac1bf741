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
  let free = 0;
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
    if (taken) {
      whole = false;
      continue;
    }
    let place = from + free++;
    if (!input.floating.has(cpu))
      // Before those that float.
      for (const first = from + quiet++; place > first; place -= 1)
        table.threads[place] = table.threads[place - 1]!;
    table.threads[place] = cpu;
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
  const domains = domainsOf(caches, input.cpus.highest + 1);
  const { kinds } = input.host.topology;
  const performance = parseCpuList(kinds?.performance ?? '');
  const efficiency = parseCpuList(kinds?.efficiency ?? '');
  const groups = new Map<number, number>();
  for (let i = 0; i < table.count; i += 1) {
    const first = table.members[i]![0]!;
    const domain = domains[first]!;
    const kind = kinds === undefined ? 0 : performance.has(first) ? 1 : efficiency.has(first) ? 2 : 0;
    table.domain[i] = domain;
    table.kind[i] = kind;
    const key = domain * 3 + kind;
    if (!groups.has(key)) groups.set(key, groups.size);
    table.group[i] = groups.get(key)!;
  }
  table.domainCount = caches.length + 1;
  table.groupCount = groups.size;
}

/** By CPU: the first of these caches that lists it, or their number when none does. */
function domainsOf(caches: readonly CpuSet[], size: number): Int32Array {
  const domains = new Int32Array(size).fill(caches.length);
  for (let domain = caches.length - 1; domain >= 0; domain -= 1) {
    const cpus = caches[domain]!.toArray();
    for (let at = 0; at < cpus.length; at += 1) domains[cpus[at]!] = domain;
  }
  return domains;
}

/**
 * Loops by index, arrays in their length, no needless sort and no question to a set where an array answers: on hundreds
 * of cores the rest costs a start a collection of garbage, and V8's compiler a millisecond.
 */
function coresOf(cell: Cell, cpus: CpuSet): number[][] {
  const cores: number[][] = [];
  const isOpen = new Uint8Array(cpus.highest + 1);
  const all = cpus.toArray();
  for (let at = 0; at < all.length; at += 1) isOpen[all[at]!] = 1;
  let listed = 0;
  for (let at = 0; at < cell.cores.length; at += 1) {
    const core = openCpus(listedCpus(cell.cores[at]!), isOpen);
    if (core.length === 0) continue;
    listed += core.length;
    cores.push(ascending(core, cpu => cpu));
  }
  if (listed < all.length) for (const cpu of all) if (isOpen[cpu] === 1) cores.push([cpu]);
  return ascending(cores, core => core[0]!);
}

/** Of the named CPUs those of the cell that no core has listed yet, moved to the front of the same array; lists them. */
function openCpus(named: number[], isOpen: Uint8Array): number[] {
  let count = 0;
  for (let at = 0; at < named.length; at += 1) {
    const cpu = named[at]!;
    if (isOpen[cpu] !== 1) continue;
    isOpen[cpu] = 0;
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
