import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { Cell } from '../domain/host-topology.ts';

/**
 * How many valid placements a guest has on a host: every way to seat the guest cells on host cells, every set of
 * CPUs for each, every CPU for the emulator threads, every choice of devices. It tries them all, so hosts must
 * be small (about 8 CPUs a cell, 3 cells, 4 devices). `limit` stops the count early.
 */
export function countPlacements(host: Host, spec: GuestSpec, limit = 1000): number {
  const world = { ...worldOf(host, spec), anyWay: limit === 1 };
  let found = 0;
  const seat = (row: number, hosts: readonly Cell[]): void => {
    if (found >= limit) return;
    if (row === spec.cells.length) {
      found += waysOn(world, hosts);
      return;
    }
    for (const cell of host.topology.cells) if (!hosts.includes(cell)) seat(row + 1, [...hosts, cell]);
  };
  seat(0, []);
  return Math.min(found, limit);
}

interface World {
  readonly host: Host;
  readonly spec: GuestSpec;
  readonly dedicated: CpuSet;
  readonly shared: CpuSet;
  readonly pins: CpuSet;
  readonly taken: CpuSet;
  readonly idle: CpuSet;
  readonly pool: ReadonlyMap<number, { readonly guests: number; readonly alone: boolean }>;
  readonly ratio: number;
  /** Only whether there is a way counts, not how many. */
  readonly anyWay: boolean;
}

function worldOf(host: Host, spec: GuestSpec): Omit<World, 'anyWay'> {
  const { policy, topology, claims } = host;
  const online = parseCpuList(topology.cpus.online);
  const named = (text: string | undefined) => parseCpuList(text ?? '').intersect(online);
  const pins = named(policy.emulator_pin_set);
  const either = !named(policy.cpu_dedicated_set).union(named(policy.cpu_shared_set)).isEmpty;
  const both = named(policy.vcpu_pin_set);
  const dedicated = !both.isEmpty ? both : either ? named(policy.cpu_dedicated_set) : online;
  const shared = !both.isEmpty ? both : either ? named(policy.cpu_shared_set) : online;
  const pool = new Map<number, { guests: number; alone: boolean }>();
  for (const claim of claims) {
    if (claim.emulator?.policy !== 'isolate') continue;
    for (const cpu of parseCpuList(claim.emulator.cpus)) {
      const before = pool.get(cpu) ?? { guests: 0, alone: false };
      pool.set(cpu, { guests: before.guests + 1, alone: before.alone || claim.emulator.share >= 1 });
    }
  }
  const held = CpuSet.union(claims.flatMap(claim => claim.cells.map(cell => parseCpuList(cell.pcpus))));
  return {
    host,
    spec,
    dedicated: dedicated.minus(pins),
    shared: shared.minus(pins).minus(parseCpuList(topology.cpus.isolated ?? '')),
    pins,
    taken: held.union(CpuSet.of(pool.keys())),
    idle: idleCpus(claims),
    pool,
    ratio: policy.emulator_overcommit_ratio ?? 1,
  };
}

/** CPUs that every claim which holds them keeps idle. */
function idleCpus(claims: Host['claims']): CpuSet {
  const cells = claims.flatMap(claim => claim.cells);
  const burnt = CpuSet.union(cells.map(cell => parseCpuList(cell.burnt ?? '')));
  const used = [...burnt].filter(cpu =>
    cells.some(cell => parseCpuList(cell.pcpus).has(cpu) && !parseCpuList(cell.burnt ?? '').has(cpu)),
  );
  return burnt.minus(CpuSet.of(used));
}

/** Ways on these host cells: CPUs × emulator CPU × devices. */
function waysOn(world: World, hosts: readonly Cell[]): number {
  const { spec } = world;
  if (hosts.some(cell => spec.allowedCells !== null && !spec.allowedCells.includes(cell.id))) return 0;
  if (!hosts.every((cell, row) => memoryFits(world, cell, row))) return 0;
  const devices = deviceWays(world, hosts);
  if (devices === 0) return 0;
  const plain = hosts.map((cell, row) => cpuWays(world, { cell, row, extras: 0 }));
  const product = (ways: readonly number[]) => ways.reduce((a, b) => a * b, 1);
  if (spec.emulator !== 'isolate') return devices * product(plain);
  if (!world.pins.isEmpty) {
    const open = [...world.pins].filter(cpu => (world.pool.get(cpu)?.guests ?? 0) + 1 <= world.ratio);
    return devices * open.length * product(plain);
  }
  let ways = 0;
  hosts.forEach((cell, row) => {
    const others = product(plain.filter((_, other) => other !== row));
    ways += others * cpuWays(world, { cell, row, extras: 1 });
    ways += others * plain[row]! * joinable(world, cell);
  });
  return devices * ways;
}

function joinable(world: World, cell: Cell): number {
  return [...parseCpuList(cell.cpus)].filter(cpu => {
    const load = world.pool.get(cpu);
    if (load === undefined || load.alone || load.guests + 1 > world.ratio) return false;
    if (!world.dedicated.has(cpu)) return false;
    if (world.spec.threadPolicy !== 'isolate') return true;
    const core = parseCpuList(cell.cores.find(text => parseCpuList(text).has(cpu)) ?? `${cpu}`);
    return [...core].every(other => {
      if (world.pool.has(other) || world.idle.has(other)) return true;
      return !world.taken.has(other) && !world.shared.has(other);
    });
  }).length;
}

/** Sets of CPUs of this cell (subsets, not orders) that carry the guest cell's dedicated vCPUs and `extras` more. */
function cpuWays(
  world: World,
  ask: { readonly cell: Cell; readonly row: number; readonly extras: number },
): number {
  const { spec } = world;
  const { cell, extras } = ask;
  const vcpus = spec.cells[ask.row]!.vcpus;
  const own =
    spec.cpuPolicy === 'dedicated'
      ? vcpus
      : spec.cpuPolicy === 'mixed'
        ? spec.cells[ask.row]!.dedicated
        : CpuSet.EMPTY;
  const floating = vcpus.size - own.size;
  const free = parseCpuList(cell.cpus).intersect(world.dedicated).minus(world.taken).toArray();
  let ways = 0;
  for (const chosen of subsets(free, own.size)) {
    if (ways > 0 && world.anyWay) break;
    const used = CpuSet.of(chosen);
    if (!threadsAllow(world, cell, used) || !cacheAllows(world, cell, used)) continue;
    if (extras === 0) ways += sharedAllow(world, { cell, taken: burnt(world, cell, used), floating }) ? 1 : 0;
    else
      for (const cpu of free) {
        const extra = CpuSet.of([cpu]);
        if (used.has(cpu) || !extraAllowed(world, cell, { used, extra })) continue;
        if (sharedAllow(world, { cell, taken: burnt(world, cell, used.union(extra)), floating })) ways += 1;
      }
  }
  return ways;
}

/** Every choice of `size` of these numbers. */
function* subsets(from: readonly number[], size: number): Generator<readonly number[]> {
  if (size === 0) yield [];
  else
    for (let i = 0; i + size <= from.length; i += 1)
      for (const rest of subsets(from.slice(i + 1), size - 1)) yield [from[i]!, ...rest];
}

function coresOf(cell: Cell): CpuSet[] {
  return cell.cores.map(parseCpuList);
}

function threadsAllow(world: World, cell: Cell, used: CpuSet): boolean {
  const { spec } = world;
  let odd = 0;
  for (const core of coresOf(cell)) {
    const here = core.intersect(used).size;
    if (here === 0) continue;
    if (spec.threadPolicy === 'isolate' && (here > 1 || !isWhole(world, core))) return false;
    if (spec.threadPolicy === 'separate' && here > 1) return false;
    if (spec.threadPolicy === 'avoid' && core.size > 1) return false;
    if (spec.threadPolicy === 'require') {
      if (core.intersect(world.dedicated).size < 2) return false;
      if (here === 1) odd += 1;
    }
  }
  return odd <= 1;
}

/** Every thread that guests may use is for dedicated use, and no claim has any. */
function isWhole(world: World, core: CpuSet): boolean {
  return [...core].every(cpu => {
    if (world.taken.has(cpu)) return false;
    return world.dedicated.has(cpu) || (!world.shared.has(cpu) && !world.pins.has(cpu));
  });
}

function cacheAllows(world: World, cell: Cell, used: CpuSet): boolean {
  if (world.spec.cache !== 'require') return true;
  const caches = cell.caches.map(parseCpuList);
  return [...caches, parseCpuList(cell.cpus).minus(CpuSet.union(caches))].some(cache =>
    used.isSubsetOf(cache),
  );
}

function extraAllowed(
  world: World,
  cell: Cell,
  at: { readonly used: CpuSet; readonly extra: CpuSet },
): boolean {
  if (world.spec.threadPolicy !== 'isolate') return true;
  const core = coresOf(cell).find(candidate => candidate.intersects(at.extra)) ?? at.extra;
  return isWhole(world, core) && !core.intersects(at.used);
}

function burnt(world: World, cell: Cell, used: CpuSet): CpuSet {
  if (world.spec.threadPolicy !== 'isolate') return used;
  return CpuSet.union([used, ...coresOf(cell).filter(core => core.intersects(used))]);
}

function sharedAllow(
  { host, shared, taken: held }: World,
  ask: { readonly cell: Cell; readonly taken: CpuSet; readonly floating: number },
): boolean {
  const before = parseCpuList(ask.cell.cpus).intersect(shared).minus(held);
  const after = before.minus(ask.taken);
  if (ask.floating > 0 && after.isEmpty) return false;
  if (ask.floating === 0 && after.size === before.size) return true;
  let vcpus = ask.floating;
  for (const claim of host.claims)
    for (const cell of claim.cells) if (cell.hostCell === ask.cell.id) vcpus += cell.sharedVcpus;
  return vcpus <= after.size * (host.policy.cpu_allocation_ratio ?? 4);
}

function memoryFits({ host, spec }: World, cell: Cell, row: number): boolean {
  const need = spec.cells[row]!.memoryMiB;
  const held = host.claims.flatMap(claim => claim.cells).filter(claim => claim.hostCell === cell.id);
  const pinned = spec.cpuPolicy === 'dedicated' || spec.cpuPolicy === 'mixed';
  if (spec.cpuPolicy !== 'dedicated') {
    const used = held.reduce((total, claim) => total + claim.memoryMiB, 0);
    if (used + need > (cell.memoryMiB ?? Infinity) * (host.policy.ram_allocation_ratio ?? 1)) return false;
  }
  const base = cell.pages[0]!.sizeKiB;
  const wish = spec.pageSize;
  return cell.pages.some(pool => {
    const right =
      wish === null || wish === 'small'
        ? pool.sizeKiB === base
        : wish === 'large'
          ? pool.sizeKiB !== base
          : wish === 'any' || pool.sizeKiB === wish;
    if (!right || (wish !== null && (need * 1024) % pool.sizeKiB !== 0)) return false;
    const used = held
      .filter(claim => (claim.pageSizeKiB ?? base) === pool.sizeKiB)
      .reduce((total, claim) => total + claim.pages, 0);
    const all = pool.total - pool.reserved;
    const has = wish === null && !pinned ? all : Math.min(pool.free ?? Infinity, all - used);
    return Math.ceil((need * 1024) / pool.sizeKiB) <= Math.max(0, has);
  });
}

function deviceWays({ host, spec }: World, hosts: readonly Cell[]): number {
  const held = new Set(host.claims.flatMap(claim => claim.devices ?? []));
  const free = host.topology.devices.filter(device => !held.has(device.address));
  const demands = spec.devices.flatMap(request => Array.from({ length: request.count ?? 1 }, () => request));
  const give = (index: number, given: readonly string[]): number => {
    const demand = demands[index];
    if (demand === undefined) return 1;
    let ways = 0;
    for (const device of free) {
      if (given.includes(device.address)) continue;
      if (demand.address !== undefined && demand.address !== device.address) continue;
      if (demand.vendor !== undefined && demand.vendor !== device.vendor) continue;
      if (demand.product !== undefined && demand.product !== device.product) continue;
      const policy = spec.devicePolicy ?? demand.policy ?? 'legacy';
      const near = hosts.some(cell => cell.id === device.cell);
      const home = host.topology.cells.find(cell => cell.id === device.cell)?.package ?? null;
      const socket =
        home !== null &&
        hosts.every(cell => cell.package !== null) &&
        hosts.some(cell => cell.package === home);
      if (
        near ||
        policy === 'preferred' ||
        (policy === 'legacy' && device.cell === null) ||
        (policy === 'socket' && socket)
      )
        ways += give(index + 1, [...given, device.address]);
    }
    return ways;
  };
  return give(0, []);
}
