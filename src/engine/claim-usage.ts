import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Claim } from '../domain/claim.ts';

/** What all claims of a node hold together. */
export interface ClaimUsage {
  /** Every CPU that some claim makes unusable for others. */
  readonly cpus: CpuSet;
  /** Those of them that some claim keeps idle and no claim runs on. */
  readonly burnt: CpuSet;
  /** Per host cell id. */
  readonly cells: ReadonlyMap<number, CellUsage>;
  /** Isolated emulators by the CPU that carries them. */
  readonly poolCpus: ReadonlyMap<number, PoolLoad>;
  readonly devices: ReadonlySet<string>;
}

/** What claims take on one host cell besides dedicated CPUs. */
export interface CellUsage {
  /** Claims that have a part here. */
  guests: number;
  sharedVcpus: number;
  memoryMiB: number;
  /** Pages by size in KiB; key 0 is the base size. */
  readonly pages: Map<number, number>;
}

/** How many guests' emulator threads run on a pool CPU; exclusive when one of them was promised it alone. */
export interface PoolLoad {
  guests: number;
  exclusive: boolean;
}

/** Adds up the claims; their order does not matter. */
export function claimUsage(claims: readonly Claim[]): ClaimUsage {
  const cells = new Map<number, CellUsage>();
  const poolCpus = new Map<number, PoolLoad>();
  const devices = new Set<string>();
  let cpus = CpuSet.EMPTY;
  let burnt = CpuSet.EMPTY;
  let run = CpuSet.EMPTY;
  for (const claim of claims) {
    for (const cell of claim.cells) {
      const held = parseCpuList(cell.pcpus);
      const idle = parseCpuList(cell.burnt ?? '');
      cpus = cpus.union(held);
      burnt = burnt.union(idle);
      run = run.union(held.minus(idle));
      addCell(cells, cell);
    }
    for (const address of claim.devices ?? []) devices.add(address);
    if (claim.emulator?.policy !== 'isolate') continue;
    for (const cpu of parseCpuList(claim.emulator.cpus)) {
      const load = poolCpus.get(cpu) ?? { guests: 0, exclusive: false };
      load.guests += 1;
      load.exclusive ||= claim.emulator.share >= 1;
      poolCpus.set(cpu, load);
    }
  }
  cpus = cpus.union(CpuSet.of(poolCpus.keys()));
  return { cpus, burnt: burnt.minus(run), cells, poolCpus, devices };
}

/** Adds a claim's part on one cell to the cell's sums; `sign` −1 takes it out again. */
export function addCell(cells: Map<number, CellUsage>, cell: Claim['cells'][number], sign: 1 | -1 = 1): void {
  const usage = usageOf(cells, cell.hostCell);
  usage.guests += sign;
  usage.sharedVcpus += sign * cell.sharedVcpus;
  usage.memoryMiB += sign * cell.memoryMiB;
  addPages(usage, cell.pageSizeKiB ?? 0, sign * cell.pages);
}

/** The sums of one cell, to be added to. */
export function usageOf(cells: Map<number, CellUsage>, id: number): CellUsage {
  const known = cells.get(id);
  if (known !== undefined) return known;
  const usage = { guests: 0, sharedVcpus: 0, memoryMiB: 0, pages: new Map<number, number>() };
  cells.set(id, usage);
  return usage;
}

/** Adds pages of one size (0 = the base size) to the sums of a cell. */
export function addPages({ pages }: CellUsage, sizeKiB: number, count: number): void {
  pages.set(sizeKiB, (pages.get(sizeKiB) ?? 0) + count);
}
