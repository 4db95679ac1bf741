import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { PlanScore } from '../../domain/plan.ts';
import type { CellModel } from '../cell-model.ts';
import type { HostModel } from '../host-model.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { ownThreads } from './own-threads.ts';

/** The whole score of a host; `remoteMemoryMiB` is what was seen, for no placement puts memory apart from its vCPUs. */
export type HostScore = Required<PlanScore>;

/** What the guests and cells of a host come to; guests of which only a claim is known count in the cells alone. */
export function scoreOf(host: RunningHost, astrayMiB: ReadonlyMap<string, number> = new Map()): HostScore {
  const { model } = host;
  const sum = { deviceDistance: 0, remoteMemoryMiB: 0, cellDistance: 0, cacheDomains: 0 };
  for (const guest of host.guests.values()) {
    const part = guestScore(model, guest);
    sum.deviceDistance += part.deviceDistance;
    sum.cellDistance += part.cellDistance;
    sum.cacheDomains += part.cacheDomains;
  }
  for (const mib of astrayMiB.values()) sum.remoteMemoryMiB += mib;
  const cells = model.cells.map(cellScore);
  const shares = cells.flatMap(({ share }) => (share === null ? [] : [share]));
  return {
    ...sum,
    brokenCores: cells.reduce((total, { broken }) => total + broken, 0),
    largestHole: Math.max(0, ...cells.map(({ hole }) => hole)),
    balance: shares.length === 0 ? 0 : Math.max(...shares) - Math.min(...shares),
  };
}

/**
 * Negative when `left` is the better score. In order: device distance, remote memory, cell distance, cache domains, broken
 * cores; then under pack the largest hole and under spread the balance, each of which works against the other.
 */
export function compareScores(left: HostScore, right: HostScore, pack: boolean): number {
  return (
    left.deviceDistance - right.deviceDistance ||
    left.remoteMemoryMiB - right.remoteMemoryMiB ||
    left.cellDistance - right.cellDistance ||
    left.cacheDomains - right.cacheDomains ||
    left.brokenCores - right.brokenCores ||
    (pack ? right.largestHole - left.largestHole : left.balance - right.balance)
  );
}

type GuestScore = Pick<HostScore, 'deviceDistance' | 'cellDistance' | 'cacheDomains'>;
const guestScores = new WeakMap<RunningGuest, GuestScore>();

function guestScore(model: HostModel, guest: RunningGuest): GuestScore {
  const known = guestScores.get(guest);
  if (known !== undefined) return known;
  const { placement } = guest;
  const indexes = placement.cells.map(cell => model.cells.findIndex(({ id }) => id === cell.hostCell));
  const distance = (from: number, to: number) => model.distances[from * model.cells.length + to] ?? 0;
  let cellDistance = 0;
  indexes.forEach((from, row) => {
    for (const to of indexes.slice(row + 1)) cellDistance += distance(from, to);
  });
  let deviceDistance = 0;
  for (const address of placement.devices) {
    const cell = model.host.topology.devices.find(device => device.address === address)?.cell ?? null;
    const home = model.cells.findIndex(({ id }) => id === cell);
    if (home < 0) continue;
    deviceDistance += Math.min(...indexes.map(index => distance(home, index))) - distance(home, home);
  }
  const score = { deviceDistance, cellDistance, cacheDomains: cacheDomains(model, guest) };
  guestScores.set(guest, score);
  return score;
}

function cacheDomains(model: HostModel, guest: RunningGuest): number {
  const cpus = new Set(ownThreads(guest).flatMap(({ role, cpu }) => (role === 'vcpu' ? [cpu] : [])));
  let domains = 0;
  for (const cell of model.cells) {
    const seen = new Set<number>();
    cell.cores.members.forEach((core, index) => {
      for (const cpu of core) if (cpus.has(cpu)) seen.add(cell.cores.domain[index]!);
    });
    domains += seen.size;
  }
  return domains;
}

/**
 * Whether another pick within its cells could better the score: the guest spans more cache domains than cells, stands on a
 * core that is half used, or has an emulator that could join another pool CPU.
 */
export function couldGain(model: HostModel, guest: RunningGuest): boolean {
  const { placement } = guest;
  if (placement.emulator.policy === 'isolate' && model.policy.emulatorRatio > 1) return true;
  return breaksSomething(model, guest);
}

/**
 * Whether a guest of one cell that leaves it could better this score: it spans cache domains or half-used cores; or under
 * pack it would leave the largest hole behind, under spread it is on the fullest cell.
 */
export function couldGainByMove(model: HostModel, guest: RunningGuest, score: HostScore): boolean {
  if (breaksSomething(model, guest)) return true;
  const home = model.cells.find(({ id }) => id === guest.placement.cells[0]!.hostCell)!;
  const { hole, share } = cellScore(home);
  if (!model.policy.pack) return model.cells.every(cell => (cellScore(cell).share ?? 0) <= (share ?? 0));
  const held = guest.claim.cells.reduce((sum, cell) => sum + parseCpuList(cell.pcpus).size, 0);
  // Its cores may have threads that are free already.
  return hole + 2 * held > score.largestHole;
}

function breaksSomething(model: HostModel, guest: RunningGuest): boolean {
  if (guestScore(model, guest).cacheDomains > guest.placement.cells.length) return true;
  const own = ownThreads(guest);
  return model.cells.some(cell => {
    const { brokenCpus } = cellScore(cell);
    return own.some(({ cpu }) => brokenCpus.has(cpu));
  });
}

interface CellScore {
  /** All CPUs of the broken cores. */
  readonly brokenCpus: CpuSet;
  /** Cores of which some of the dedicated CPUs are taken and some are not. */
  readonly broken: number;
  /** Dedicated CPUs on whole free cores. */
  readonly hole: number;
  /** Permille of the dedicated CPUs taken; null without any. */
  readonly share: number | null;
}
const cellScores = new WeakMap<CellModel, CellScore>();

function cellScore(cell: CellModel): CellScore {
  const known = cellScores.get(cell);
  if (known !== undefined) return known;
  const { cores, dedicatedTotal } = cell;
  const half: (readonly number[])[] = [];
  let hole = 0;
  for (let core = 0; core < cores.count; core += 1) {
    const free = cores.free[core]!;
    if (free > 0 && free < cores.usable[core]!) half.push(cores.members[core]!);
    if (cores.whole[core] === 1) hole += free;
  }
  const share = dedicatedTotal === 0 ? null : Math.round((1 - cores.freeTotal / dedicatedTotal) * 1000);
  const score = { broken: half.length, brokenCpus: CpuSet.of(half.flat()), hole, share };
  cellScores.set(cell, score);
  return score;
}

/** MiB of a guest that lie on other cells than those it was placed on; small rests are no guest memory. */
export function astrayMemory(guest: RunningGuest, residence: ReadonlyMap<number, number>): number {
  const home = new Set(guest.placement.cells.map(cell => cell.hostCell));
  let astray = 0;
  for (const [cell, mib] of residence) if (!home.has(cell)) astray += mib;
  return astray > Math.max(LEAST_ASTRAY_MIB, guest.spec.memoryMiB / 100) ? Math.round(astray) : 0;
}

/** QEMU's libraries and file pages lie where they were first read: some 40 to 60 MiB that belong to nobody's cell. */
const LEAST_ASTRAY_MIB = 64;
