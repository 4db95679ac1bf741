import type { Claim } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { parseCpuSpec } from '../domain/cpu-spec.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { Cell } from '../domain/host-topology.ts';

/** A placement to be checked against its host, its guest, and the claim that was made of it. */
export interface CheckInput {
  readonly host: Host;
  readonly spec: GuestSpec;
  readonly placement: Placement;
  readonly claim: Claim;
}

interface Facts extends CheckInput {
  readonly online: CpuSet;
  readonly dedicatedSet: CpuSet;
  readonly sharedSet: CpuSet;
  readonly emulatorPin: CpuSet;
  readonly emulatorShared: CpuSet | null;
  readonly taken: CpuSet;
  readonly ratio: number;
  readonly cellById: ReadonlyMap<number, Cell>;
  /** vCPUs that get a CPU of their own. */
  readonly dedicatedVcpus: CpuSet;
  /** CPU of each dedicated vCPU. */
  readonly pinOf: ReadonlyMap<number, number>;
  /** CPUs that threads of the guest have for themselves. */
  readonly single: CpuSet;
  /** Every CPU that the guest takes for itself, kept idle or not. */
  readonly own: CpuSet;
  readonly broken: string[];
}

/**
 * Every rule that a placement breaks, one sentence each; empty = valid. Written from the rules alone: it shares
 * nothing with the code that decides but the documents' types and the CPU set.
 */
export function checkPlacement(input: CheckInput): readonly string[] {
  const facts = gather(input);
  for (const rule of [cells, pins, threads, emulator, iothreads, floating, memory, devices, claim, summary]) {
    try {
      rule(facts);
    } catch (error) {
      facts.broken.push(`Rule ${rule.name} could not be checked: ${String(error)}`);
    }
  }
  return facts.broken;
}

function gather(input: CheckInput): Facts {
  const { host, spec, placement } = input;
  const policy = host.policy;
  const online = parseCpuList(host.topology.cpus.online);
  const isolated = parseCpuList(host.topology.cpus.isolated ?? '');
  const read = (text: string | undefined) => parseCpuSpec(text ?? '').intersect(online);
  const emulatorPin = read(policy.emulator_pin_set);
  const split = read(policy.cpu_dedicated_set).size + read(policy.cpu_shared_set).size > 0;
  const pinSet = read(policy.vcpu_pin_set);
  const dedicatedSet = pinSet.size > 0 ? pinSet : split ? read(policy.cpu_dedicated_set) : online;
  const sharedSet = pinSet.size > 0 ? pinSet : split ? read(policy.cpu_shared_set) : online;
  const dedicatedVcpus =
    spec.cpuPolicy === 'dedicated'
      ? CpuSet.range(0, spec.vcpus - 1)
      : spec.cpuPolicy === 'mixed'
        ? CpuSet.union(spec.cells.map(cell => cell.dedicated))
        : CpuSet.EMPTY;
  const pinOf = new Map<number, number>();
  for (const vcpu of dedicatedVcpus) pinOf.set(vcpu, parseCpuList(placement.pins[vcpu] ?? '').first ?? -1);
  const coresOf = (cpus: CpuSet) =>
    CpuSet.union(
      host.topology.cells
        .flatMap(cell => cell.cores)
        .map(parseCpuList)
        .filter(core => core.intersects(cpus)),
    );
  const extra = CpuSet.union([
    placement.emulator.policy === 'isolate' ? parseCpuList(placement.emulator.cpus) : CpuSet.EMPTY,
    ...(spec.iothreadPolicy === 'isolate' ? Object.values(placement.iothreads).map(parseCpuList) : []),
  ]);
  const single = CpuSet.of([...pinOf.values()].filter(cpu => cpu >= 0)).union(extra);
  return {
    ...input,
    online,
    dedicatedSet: dedicatedSet.minus(emulatorPin),
    sharedSet: sharedSet.minus(emulatorPin).minus(isolated),
    emulatorPin,
    emulatorShared:
      policy.cpu_shared_set === undefined || policy.cpu_shared_set === ''
        ? null
        : read(policy.cpu_shared_set).minus(emulatorPin).minus(isolated),
    taken: CpuSet.union(
      host.claims.flatMap(claimed => [
        ...claimed.cells.map(cell => parseCpuList(cell.pcpus)),
        claimed.emulator?.policy === 'isolate' ? parseCpuList(claimed.emulator.cpus) : CpuSet.EMPTY,
      ]),
    ),
    ratio: policy.emulator_overcommit_ratio ?? 1,
    cellById: new Map(host.topology.cells.map(cell => [cell.id, cell])),
    dedicatedVcpus,
    pinOf,
    single,
    own: spec.threadPolicy === 'isolate' ? single.union(coresOf(single.minus(emulatorPin))) : single,
    broken: [],
  };
}

function must(facts: Facts, holds: boolean, rule: string): void {
  if (!holds) facts.broken.push(rule);
}

/** Each guest cell on a host cell of its own, every vCPU in exactly one, vCPUs and memory as asked. */
function cells(facts: Facts): void {
  const { placement, spec, cellById } = facts;
  const hosts = placement.cells.map(cell => cell.hostCell);
  must(facts, new Set(hosts).size === hosts.length, 'Two guest cells share a host cell.');
  must(
    facts,
    hosts.every(id => cellById.has(id)),
    'A host cell does not exist.',
  );
  must(
    facts,
    hosts.every(id => spec.allowedCells?.includes(id) ?? true),
    'A host cell is not allowed.',
  );
  const sets = placement.cells.map(cell => parseCpuList(cell.vcpus));
  const sum = sets.reduce((total, set) => total + set.size, 0);
  must(
    facts,
    sum === spec.vcpus && CpuSet.union(sets).equals(CpuSet.range(0, spec.vcpus - 1)),
    'The vCPUs are not dealt out once each.',
  );
  must(
    facts,
    placement.cells.reduce((total, cell) => total + cell.memoryMiB, 0) === spec.memoryMiB,
    'The memory does not add up.',
  );
  placement.cells.forEach((cell, index) => {
    must(
      facts,
      cell.guestCell === (spec.autoCells ? index : spec.cells[index]?.id),
      'The guest cells are not in order.',
    );
    if (spec.autoCells) return;
    must(
      facts,
      cell.memoryMiB === spec.cells[index]?.memoryMiB,
      `Guest cell ${cell.guestCell} has other memory than asked.`,
    );
    must(
      facts,
      cell.vcpus === spec.cells[index]?.vcpus.toString(),
      `Guest cell ${cell.guestCell} has other vCPUs than asked.`,
    );
  });
}

/** A dedicated vCPU on exactly one free dedicated CPU of its cell, none used twice, of the kind and cache asked. */
function pins(facts: Facts): void {
  const { placement, spec, pinOf, cellById } = facts;
  const kind = facts.host.topology.kinds;
  must(facts, Object.keys(placement.pins).length === spec.vcpus, 'Not every vCPU has a pin.');
  must(facts, new Set(pinOf.values()).size === pinOf.size, 'A CPU carries two vCPUs.');
  for (const placed of placement.cells) {
    const cell = cellById.get(placed.hostCell)!;
    const home = parseCpuList(cell.cpus);
    const dedicated = [...parseCpuList(placed.vcpus)].filter(vcpu => pinOf.has(vcpu));
    for (const vcpu of dedicated) {
      const set = parseCpuList(placement.pins[vcpu] ?? '');
      must(facts, set.size === 1, `vCPU ${vcpu} is not on one CPU.`);
      must(facts, set.isSubsetOf(home), `vCPU ${vcpu} is outside of its cell.`);
      must(
        facts,
        set.isSubsetOf(facts.dedicatedSet),
        `vCPU ${vcpu} is on a CPU that is not for dedicated use.`,
      );
      must(facts, !set.intersects(facts.taken), `vCPU ${vcpu} is on a CPU that a claim holds.`);
      if (kind !== undefined && spec.cpuKind !== 'any')
        must(
          facts,
          set.isSubsetOf(parseCpuList(kind[spec.cpuKind])),
          `vCPU ${vcpu} is on the wrong kind of CPU.`,
        );
    }
    const used = CpuSet.of(dedicated.map(vcpu => pinOf.get(vcpu) ?? -1).filter(cpu => cpu >= 0));
    const listed = cell.caches.map(parseCpuList);
    const domains = [...listed, home.minus(CpuSet.union(listed))];
    if (spec.cache === 'require')
      must(
        facts,
        domains.some(domain => used.isSubsetOf(domain)),
        'The vCPUs span cache domains.',
      );
  }
}

/** The thread policy, cell by cell. */
function threads(facts: Facts): void {
  const { placement, spec, pinOf, cellById } = facts;
  for (const placed of placement.cells) {
    const cell = cellById.get(placed.hostCell)!;
    const used = CpuSet.of(
      [...parseCpuList(placed.vcpus)].flatMap(vcpu => pinOf.get(vcpu) ?? []).filter(cpu => cpu >= 0),
    );
    const listed = cell.cores.map(parseCpuList);
    const loose = parseCpuList(cell.cpus).minus(CpuSet.union(listed));
    let odd = 0;
    for (const core of [...listed, ...[...loose].map(cpu => CpuSet.of([cpu]))]) {
      const here = core.intersect(used).size;
      if (here === 0) continue;
      if (spec.threadPolicy === 'isolate') wholeCore(facts, core, core.intersect(used));
      if (spec.threadPolicy === 'separate')
        must(facts, here === 1, `Two vCPUs share core ${core.toString()}.`);
      if (spec.threadPolicy === 'avoid')
        must(facts, core.size === 1, `Core ${core.toString()} has siblings.`);
      if (spec.threadPolicy === 'require') {
        must(
          facts,
          core.intersect(facts.dedicatedSet).size > 1,
          `Core ${core.toString()} has no sibling to give.`,
        );
        if (here === 1) odd += 1;
      }
    }
    if (spec.threadPolicy === 'require')
      must(facts, odd <= 1, 'More than one vCPU has no sibling of its guest.');
  }
}

function wholeCore(facts: Facts, core: CpuSet, here: CpuSet): void {
  const open = core.intersect(facts.dedicatedSet);
  const quiet = open.minus(facts.sharedSet);
  must(
    facts,
    here.first === (quiet.isEmpty ? open : quiet).first,
    `Core ${core.toString()} does not run its vCPU on its lowest CPU.`,
  );

  must(facts, here.size === 1, `Two vCPUs share core ${core.toString()}.`);
  must(facts, !core.intersects(facts.taken), `Core ${core.toString()} is partly claimed.`);
  must(
    facts,
    core.intersect(facts.sharedSet.union(facts.emulatorPin)).isSubsetOf(facts.dedicatedSet),
    `Core ${core.toString()} serves others.`,
  );
}

/** The emulator threads' set. */
function emulator(facts: Facts): void {
  const { placement, spec, pinOf } = facts;
  const set = parseCpuList(placement.emulator.cpus);
  const start = parseCpuList(placement.emulator.atStart);
  must(facts, placement.emulator.policy === spec.emulator, 'The emulator policy is another one.');
  must(
    facts,
    set.size > 0 && set.isSubsetOf(start) && start.isSubsetOf(facts.online),
    'The emulator set is empty, offline, or not in the starting set.',
  );
  for (const placed of placement.cells) {
    const home = parseCpuList(facts.cellById.get(placed.hostCell)!.cpus);
    must(facts, home.isEmpty || home.intersects(start), 'The starting set misses a memory cell.');
  }
  const all = pinnedOf(facts, CpuSet.range(0, spec.vcpus - 1));
  if (spec.emulator === 'isolate') isolatedEmulator(facts, set);
  else {
    must(facts, placement.emulator.share === 0, 'Only an isolated emulator has a share.');
    if (spec.emulator === 'mask')
      must(
        facts,
        set.equals(pinnedOf(facts, spec.emulatorVcpus!)),
        'The emulator is not on the masked vCPUs.',
      );
    else if (spec.emulator === 'share' && facts.emulatorShared !== null) sharedEmulator(facts, set, all);
    else {
      const others =
        spec.realtimeVcpus === null
          ? CpuSet.EMPTY
          : pinnedOf(facts, CpuSet.range(0, spec.vcpus - 1).minus(spec.realtimeVcpus));
      must(
        facts,
        set.equals(others.isEmpty ? all : others),
        'The emulator does not float over the guest’s own CPUs.',
      );
    }
  }
  must(
    facts,
    spec.realtimeVcpus === null || !set.isSubsetOf(pinnedOf(facts, spec.realtimeVcpus)),
    'The emulator threads are left alone with realtime vCPUs.',
  );
  must(
    facts,
    spec.emulator !== 'isolate' || ![...pinOf.values()].some(cpu => set.has(cpu)),
    'The isolated emulator shares a CPU with a vCPU.',
  );
}

function pinnedOf({ placement }: Facts, vcpus: CpuSet): CpuSet {
  return CpuSet.union([...vcpus].map(vcpu => parseCpuList(placement.pins[vcpu] ?? '')));
}

function sharedEmulator(facts: Facts, set: CpuSet, all: CpuSet): void {
  const open = facts.emulatorShared!.minus(facts.taken).minus(facts.own);
  const cells = CpuSet.union(
    facts.placement.cells.map(cell => parseCpuList(facts.cellById.get(cell.hostCell)!.cpus)),
  );
  const near = open.intersect(cells);
  const right = !near.isEmpty ? near : !open.isEmpty ? open : all;
  must(facts, set.equals(right), 'The shared emulator is not on the shared set of its cells.');
}

function isolatedEmulator(facts: Facts, set: CpuSet): void {
  const { placement, host, ratio } = facts;
  must(facts, set.size === 1, 'An isolated emulator has exactly one CPU.');
  must(facts, Math.abs(placement.emulator.share - 1 / ratio) < 1e-9, 'The emulator’s share is not 1/R.');
  const holders = host.claims.filter(
    held => held.emulator?.policy === 'isolate' && parseCpuList(held.emulator.cpus).intersects(set),
  );
  must(
    facts,
    holders.length + 1 <= ratio || holders.length === 0,
    'The pool CPU carries more guests than the ratio.',
  );
  must(
    facts,
    holders.every(held => (held.emulator?.share ?? 1) < 1) || !facts.emulatorPin.isEmpty,
    'The pool CPU was promised to one guest alone.',
  );
  if (!facts.emulatorPin.isEmpty) {
    must(facts, set.isSubsetOf(facts.emulatorPin), 'The emulator is outside of emulator_pin_set.');
    return;
  }
  const cells = CpuSet.union(
    placement.cells.map(cell => parseCpuList(facts.cellById.get(cell.hostCell)!.cpus)),
  );
  must(facts, set.isSubsetOf(cells), 'The emulator CPU is on no host cell of the guest.');
  must(facts, set.isSubsetOf(facts.dedicatedSet), 'The emulator CPU is not a dedicated CPU.');
  must(facts, holders.length > 0 || !set.intersects(facts.taken), 'The emulator CPU is claimed.');
  if (facts.spec.threadPolicy !== 'isolate') return;
  const pools = CpuSet.union(
    host.claims
      .filter(held => held.emulator?.policy === 'isolate')
      .map(held => parseCpuList(held.emulator!.cpus)),
  );
  const used = CpuSet.union(
    host.claims
      .flatMap(held => held.cells)
      .map(held => parseCpuList(held.pcpus).minus(parseCpuList(held.burnt ?? ''))),
  );
  for (const core of host.topology.cells.flatMap(cell => cell.cores).map(parseCpuList)) {
    if (!core.intersects(set)) continue;
    must(
      facts,
      !core.minus(pools).intersects(used),
      'The emulator of an isolate guest is on a half-used core.',
    );
    must(
      facts,
      ![...facts.pinOf.values()].some(cpu => core.has(cpu)),
      'The emulator of an isolate guest shares a core with its vCPU.',
    );
  }
}

/** Iothreads run with the emulator, or each on a free dedicated CPU of its own. */
function iothreads(facts: Facts): void {
  const { placement, spec } = facts;
  const sets = Object.values(placement.iothreads).map(parseCpuList);
  must(facts, sets.length === spec.iothreads, 'Not every iothread has a set.');
  if (spec.iothreadPolicy === 'emulator') {
    must(
      facts,
      sets.every(set => set.toString() === placement.emulator.cpus),
      'An iothread is not with the emulator.',
    );
    return;
  }
  const used = [
    ...facts.pinOf.values(),
    ...(spec.emulator === 'isolate' ? parseCpuList(placement.emulator.cpus) : []),
  ];
  for (const set of sets) {
    must(
      facts,
      set.size === 1 && set.isSubsetOf(facts.dedicatedSet) && !set.intersects(facts.taken),
      'An iothread is not on a free dedicated CPU.',
    );
    must(facts, !used.some(cpu => set.has(cpu)), 'An iothread shares a CPU.');
    used.push(...set);
  }
}

/** Floating vCPUs: exactly the cell's shared CPUs that nobody owns; enough of them for this guest and all others. */
function floating(facts: Facts): void {
  const { placement, host, own, pinOf } = facts;
  const cpuRatio = host.policy.cpu_allocation_ratio ?? 4;
  for (const cell of host.topology.cells) {
    const before = parseCpuList(cell.cpus).intersect(facts.sharedSet).minus(facts.taken);
    const after = before.minus(own);
    const placed = placement.cells.find(candidate => candidate.hostCell === cell.id);
    const mine = placed === undefined ? [] : [...parseCpuList(placed.vcpus)].filter(vcpu => !pinOf.has(vcpu));
    for (const vcpu of mine)
      must(
        facts,
        placement.pins[vcpu] === after.toString(),
        `vCPU ${vcpu} does not float over the shared CPUs of its cell.`,
      );
    const others = sum(
      host.claims
        .flatMap(held => held.cells)
        .filter(held => held.hostCell === cell.id)
        .map(held => held.sharedVcpus),
    );
    must(
      facts,
      mine.length === 0 || after.size > 0,
      `Cell ${cell.id} has no shared CPU for the guest cell's shared vCPUs.`,
    );
    if (mine.length > 0 || after.size < before.size)
      must(facts, others + mine.length <= after.size * cpuRatio, `Cell ${cell.id} exceeds its CPU ratio.`);
  }
}

/** Pages from the pool they are counted against, or base pages; the RAM ratio for shared and mixed guests. */
function memory(facts: Facts): void {
  const { placement, spec, host, cellById } = facts;
  const overhead = host.policy.overhead_mb_per_guest ?? 0;
  placement.cells.forEach((placed, index) => {
    const cell = cellById.get(placed.hostCell)!;
    const held = host.claims.flatMap(other => other.cells).filter(other => other.hostCell === cell.id);
    const extra = index === 0 ? overhead : 0;
    const claimedMiB = sum(held.map(other => other.memoryMiB));
    if (spec.cpuPolicy !== 'dedicated' && cell.memoryMiB !== null)
      must(
        facts,
        claimedMiB + placed.memoryMiB + extra <= cell.memoryMiB * (host.policy.ram_allocation_ratio ?? 1),
        `Cell ${cell.id} exceeds its RAM ratio.`,
      );
    pageSizeAsAsked(facts, placed.pageSizeKiB, cell);
    if (placed.pageSizeKiB !== null)
      must(
        facts,
        (placed.memoryMiB * 1024) % placed.pageSizeKiB === 0,
        `The memory is no multiple of ${placed.pageSizeKiB} KiB.`,
      );
    if (cell.pages.length === 0) {
      const pinned = spec.cpuPolicy === 'dedicated' || spec.cpuPolicy === 'mixed';
      must(
        facts,
        placed.memoryMiB + extra + (pinned ? claimedMiB : 0) <= (cell.memoryMiB ?? Infinity),
        `Cell ${cell.id} lacks memory.`,
      );
      return;
    }
    const base = Math.min(...cell.pages.map(pool => pool.sizeKiB));
    const size = placed.pageSizeKiB ?? base;
    must(
      facts,
      placed.pageSizeKiB === null || (placed.memoryMiB * 1024) % size === 0,
      `The memory is no multiple of ${size} KiB.`,
    );
    poolHolds(facts, {
      cell,
      size,
      neededKiB: (placed.memoryMiB + (size === base ? extra : 0)) * 1024,
      asked: placed.pageSizeKiB !== null,
    });
    if (size !== base && extra > 0)
      poolHolds(facts, { cell, size: base, neededKiB: extra * 1024, asked: false });
  });
}

function pageSizeAsAsked(facts: Facts, size: number | null, cell: Cell): void {
  const wish = facts.spec.pageSize;
  const sizes = cell.pages.map(pool => pool.sizeKiB);
  const base = Math.min(...sizes);
  if (wish === null) must(facts, size === null, 'A page size that nobody asked for.');
  else if (sizes.length > 0) {
    must(facts, size !== null && sizes.includes(size), 'A page size that the cell does not have.');
    if (typeof wish === 'number') must(facts, size === wish, 'Another page size than asked.');
    if (wish === 'small') must(facts, size === base, 'Not the small page size.');
    if (wish === 'large') must(facts, size !== base, 'Not a large page size.');
  }
}

function poolHolds(
  facts: Facts,
  ask: { readonly cell: Cell; readonly size: number; readonly neededKiB: number; readonly asked: boolean },
): void {
  const { cell, size, asked } = ask;
  const { host, spec } = facts;
  const pool = cell.pages.find(candidate => candidate.sizeKiB === size);
  if (pool === undefined) return;
  const base = Math.min(...cell.pages.map(candidate => candidate.sizeKiB));
  const rules = (host.policy.reserved_huge_pages ?? []).map(rule =>
    rule.split(',').map(part => Number(part.split(':')[1])),
  );
  const kept =
    pool.reserved +
    sum(rules.filter(([node, kib]) => node === cell.id && kib === size).map(rule => rule[2] ?? 0));
  const claimed = sum(
    host.claims
      .flatMap(held => held.cells)
      .filter(held => held.hostCell === cell.id && (held.pageSizeKiB ?? base) === size)
      .map(held => held.pages),
  );
  const overcommits = !asked && spec.cpuPolicy !== 'dedicated' && spec.cpuPolicy !== 'mixed';
  const has = overcommits ? pool.total - kept : Math.min(pool.free ?? Infinity, pool.total - kept - claimed);
  must(
    facts,
    Math.ceil(ask.neededKiB / size) <= Math.max(0, has),
    `Cell ${cell.id} lacks pages of ${size} KiB.`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

/** Free devices of the kinds asked for, as near as their policy says. */
function devices(facts: Facts): void {
  const { placement, spec, host } = facts;
  const held = new Set(host.claims.flatMap(other => other.devices ?? []));
  const demands = spec.devices.flatMap(request => Array.from({ length: request.count ?? 1 }, () => request));
  must(facts, new Set(placement.devices).size === placement.devices.length, 'A device is given twice.');
  must(facts, placement.devices.length === demands.length, 'Not every device asked for is given.');
  const hosts = placement.cells.map(cell => cell.hostCell);
  const packages = hosts.map(id => facts.cellById.get(id)?.package ?? null);
  placement.devices.forEach((address, index) => {
    const demand = demands[index];
    const device = host.topology.devices.find(candidate => candidate.address === address);
    if (device === undefined || demand === undefined) {
      facts.broken.push(`Device ${address} does not exist or was not asked for.`);
      return;
    }
    must(facts, !held.has(address), `Device ${address} is claimed.`);
    const same =
      demand.address === undefined
        ? (demand.vendor ?? device.vendor) === device.vendor &&
          (demand.product ?? device.product) === device.product
        : demand.address === address;
    must(facts, same, `Device ${address} is not what was asked for.`);
    const policy = spec.devicePolicy ?? demand.policy ?? 'legacy';
    const near = device.cell !== null && hosts.includes(device.cell);
    const home = device.cell === null ? null : (facts.cellById.get(device.cell)?.package ?? null);
    const may =
      near ||
      policy === 'preferred' ||
      (policy === 'legacy' && device.cell === null) ||
      (policy === 'socket' && home !== null && !packages.includes(null) && packages.includes(home));
    must(facts, may, `Device ${address} is too far for policy ${policy}.`);
  });
}

/** The claim holds exactly what the placement takes. */
function claim(facts: Facts): void {
  const { placement, spec, host, own, single } = facts;
  const held = facts.claim.cells;
  const cpus = CpuSet.union(held.map(cell => parseCpuList(cell.pcpus)));
  must(facts, cpus.equals(own), 'The claim holds other CPUs than the placement takes.');
  const burnt = CpuSet.union(held.map(cell => parseCpuList(cell.burnt ?? '')));
  must(facts, burnt.equals(own.minus(single)), 'The claim burns other CPUs than those that no thread uses.');
  const overhead = host.policy.overhead_mb_per_guest ?? 0;
  must(
    facts,
    sum(held.map(cell => cell.memoryMiB)) === spec.memoryMiB + overhead,
    'The claim holds other memory.',
  );
  must(facts, facts.claim.emulator?.cpus === placement.emulator.cpus, 'The claim has another emulator set.');
  must(
    facts,
    (facts.claim.devices ?? []).join() === placement.devices.join(),
    'The claim has other devices.',
  );
  placement.cells.forEach((placed, index) => {
    const cell = facts.cellById.get(placed.hostCell);
    const mine = held.filter(other => other.hostCell === placed.hostCell);
    const base = Math.min(...(cell?.pages.map(pool => pool.sizeKiB) ?? [4]), Infinity);
    const size = placed.pageSizeKiB;
    const extra = index === 0 && size === null ? overhead : 0;
    const kib = (placed.memoryMiB + extra) * 1024;
    const main = mine.find(
      other => other.pageSizeKiB === size && other.memoryMiB === placed.memoryMiB + extra,
    );
    must(
      facts,
      main?.pages === Math.ceil(kib / (size ?? (base === Infinity ? 4 : base))),
      'The claim has other pages.',
    );
    const floats = [...parseCpuList(placed.vcpus)].filter(vcpu => !facts.pinOf.has(vcpu)).length;
    must(facts, sum(mine.map(other => other.sharedVcpus)) === floats, 'The claim has other shared vCPUs.');
  });
}

/** Cost, node set, memory mode, realtime and the told topology. */
function summary(facts: Facts): void {
  const { placement, spec, host } = facts;
  const { cost, topology } = placement;
  const iothreadCpus = spec.iothreadPolicy === 'isolate' ? spec.iothreads : 0;
  const shared = (spec.vcpus - facts.dedicatedVcpus.size) / (host.policy.cpu_allocation_ratio ?? 4);
  must(
    facts,
    cost.dedicated === facts.dedicatedVcpus.size + iothreadCpus,
    'The cost of dedicated CPUs is wrong.',
  );
  must(
    facts,
    Math.abs(cost.shared - shared) < 1e-9 && cost.emulator === placement.emulator.share,
    'The shared or emulator cost is wrong.',
  );
  must(
    facts,
    Math.abs(cost.total - cost.dedicated - cost.shared - cost.emulator) < 1e-9,
    'The cost does not add up.',
  );
  must(
    facts,
    parseCpuList(placement.nodeset).equals(CpuSet.of(placement.cells.map(cell => cell.hostCell))),
    'The node set is wrong.',
  );
  must(
    facts,
    placement.memoryMode === (placement.cells.length > 1 ? 'strict' : 'restrictive'),
    'The memory mode is wrong.',
  );
  must(
    facts,
    (placement.realtime?.vcpus ?? null) === (spec.realtimeVcpus?.toString() ?? null),
    'The realtime vCPUs are wrong.',
  );
  must(
    facts,
    topology.sockets * topology.cores * topology.threads === spec.vcpus,
    'The told topology has another number of vCPUs.',
  );
  if (spec.topology.preferred.threads === null && topology.threads > 1)
    must(facts, siblingsAreReal(facts, topology.threads), 'The guest is told siblings that are none.');
}

function siblingsAreReal({ host, placement }: Facts, threads: number): boolean {
  const cores = host.topology.cells.flatMap(cell => cell.cores).map(parseCpuList);
  const core = (vcpu: number) =>
    cores.findIndex(set => set.has(parseCpuList(placement.pins[vcpu] ?? '').first ?? -1));
  return Object.keys(placement.pins).every(
    key => core(Number(key)) === core(Number(key) - (Number(key) % threads)),
  );
}
