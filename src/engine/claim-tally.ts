import type { Claim } from '../domain/claim.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { addCell, addPages, usageOf, type CellUsage, type ClaimUsage, type PoolLoad } from './claim-usage.ts';

/**
 * The sums of {@link ClaimUsage}, kept up to date as claims come and go one by one, so that the cost of a change
 * does not grow with the number of guests.
 */
export class ClaimTally {
  readonly #holders: Int32Array;
  /** How many of the holders keep the CPU idle. */
  readonly #burners: Int32Array;
  readonly #pool = new Map<number, { guests: number; alone: number }>();
  readonly #cells = new Map<number, CellUsage>();
  readonly #devices = new Map<string, number>();

  /** A tally for CPUs 0 to `highest`. */
  constructor(highest: number) {
    this.#holders = new Int32Array(highest + 1);
    this.#burners = new Int32Array(highest + 1);
  }

  /** Counts a claim in (`sign` 1) or out again (−1). */
  count(claim: Claim, sign: 1 | -1): void {
    for (const cell of claim.cells) {
      for (const cpu of parseCpuList(cell.pcpus)) this.#holders[cpu]! += sign;
      for (const cpu of parseCpuList(cell.burnt ?? '')) this.#burners[cpu]! += sign;
      addCell(this.#cells, cell, sign);
    }
    for (const address of claim.devices ?? [])
      this.#devices.set(address, (this.#devices.get(address) ?? 0) + sign);
    if (claim.emulator?.policy !== 'isolate') return;
    for (const cpu of parseCpuList(claim.emulator.cpus)) {
      const load = this.#pool.get(cpu) ?? { guests: 0, alone: 0 };
      load.guests += sign;
      if (claim.emulator.share >= 1) load.alone += sign;
      this.#pool.set(cpu, load);
    }
  }

  /** Counts pages in that no claim holds and nobody can have. */
  countPages(hostCell: number, sizeKiB: number, pages: number): void {
    addPages(usageOf(this.#cells, hostCell), sizeKiB, pages);
  }

  /** The sums now; what was given out before stays as it was. */
  usage(): ClaimUsage {
    const poolCpus = new Map<number, PoolLoad>();
    for (const [cpu, { guests, alone }] of this.#pool)
      if (guests > 0) poolCpus.set(cpu, { guests, exclusive: alone > 0 });
    const held: number[] = [...poolCpus.keys()];
    const burnt: number[] = [];
    this.#holders.forEach((holders, cpu) => {
      if (holders > 0) held.push(cpu);
      if (holders > 0 && holders === this.#burners[cpu]) burnt.push(cpu);
    });
    const cells = [...this.#cells].map(([id, use]) => [id, { ...use, pages: new Map(use.pages) }] as const);
    const devices = [...this.#devices].filter(([, holders]) => holders > 0).map(([address]) => address);
    return {
      cpus: CpuSet.of(held),
      burnt: CpuSet.of(burnt),
      cells: new Map(cells),
      poolCpus,
      devices: new Set(devices),
    };
  }
}
