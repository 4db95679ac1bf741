import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Claim } from '../../domain/claim.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { pagesMissing } from '../../engine/rebalance/pages-missing.ts';
import type { Step } from '../../engine/rebalance/step.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import type { Host } from '../../domain/host.ts';

/** In one phrase why a step of a plan cannot be made on the node as it is now; null when it still can. */
export function whyNotNow(host: Host, entry: LedgerEntry | undefined, step: Step): string | null {
  if (entry?.process == null) return 'it does not run any more';
  if (entry.step !== undefined) return 'another change of it is under way';
  const { from } = step;
  if (JSON.stringify(entry.placement) !== JSON.stringify(from.placement))
    return 'it was placed anew meanwhile';
  const others = host.claims.filter(({ vm }) => vm !== entry.vm);
  return cpusTaken(host, others, step) ?? pagesGone(host, step);
}

/** Two guests may share a pool CPU, and what both keep idle beside one; all else is one guest's alone. */
function cpusTaken(host: Host, others: readonly Claim[], { to }: Step): string | null {
  const emulator = to.placement.emulator;
  const pool = emulator.policy === 'isolate' ? parseCpuList(emulator.cpus) : CpuSet.EMPTY;
  const sharers = others.filter(
    ({ emulator: other }) => other?.policy === 'isolate' && parseCpuList(other.cpus).intersects(pool),
  );
  const ratio = host.policy.emulator_overcommit_ratio ?? 1;
  if (sharers.length > 0 && sharers.length + 1 > ratio)
    return `CPU ${emulator.cpus} carries ${sharers.length} emulators by now`;
  const idle = burntOf(to.claim);
  const run = cpusOf(to.claim)
    .minus(idle)
    .minus(sharers.length > 0 ? pool : CpuSet.EMPTY);
  const lost = (other: Claim) => {
    const own = cpusOf(other).minus(poolOf(other));
    return own.intersect(run).union(own.minus(burntOf(other)).intersect(idle));
  };
  const other = others.find(claim => !lost(claim).isEmpty);
  return other === undefined ? null : `${other.vm} has CPU ${lost(other).toString()} by now`;
}

function cpusOf(claim: Claim): CpuSet {
  return CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
}

function burntOf(claim: Claim): CpuSet {
  return CpuSet.union(claim.cells.map(({ burnt }) => parseCpuList(burnt ?? '')));
}

/** The pool CPU of a claim, on which others may stand. */
function poolOf({ emulator }: Claim): CpuSet {
  return emulator?.policy === 'isolate' ? parseCpuList(emulator.cpus) : CpuSet.EMPTY;
}

function pagesGone(host: Host, { from, to }: Step): string | null {
  const missing = from === to ? null : pagesMissing(buildHostModel(host), from.claim, to.claim);
  if (missing === null) return null;
  const { cell, available, needed, sizeKiB } = missing;
  return `cell ${cell} has ${available} of the ${needed} pages of ${sizeKiB} KiB that it needs`;
}
