import type { Drift, DriftCause, ReportedDrift } from '../../domain/drift.ts';

/** Why, as the second half of a sentence; empty where it cannot be told. */
const WHY: Readonly<Record<DriftCause, string>> = {
  'pinned-by-hand': 'somebody has set its mask by hand, as taskset does',
  'cpuset-widened': 'somebody has widened its cpuset',
  'cpuset-narrowed': 'somebody has narrowed its cpuset, or one above it',
  'cpuset-changed': 'somebody has put other CPUs into its cpuset',
  'cpu-offline': 'its CPU is offline',
  'cpu-back-online': 'its CPU was offline and is back, and the kernel has not given it back',
  'plugged-in': 'it was plugged into the running guest',
  'new-thread': 'QEMU began it after the guest was placed, without pins of its own',
  'dedicated-came': 'CPUs of the set are dedicated to another guest now',
  'dedicated-left': 'CPUs that were dedicated are free again',
  unpinned: 'nobody has pinned it',
  'migrated-in': 'it came from another host without pins',
  restarted: 'it was stopped and started again without Pinfold',
  floated: 'there was no room for its placement when it started',
  'numa-balancing': 'automatic NUMA balancing (kernel.numa_balancing) moves pages to where they are used',
  ksm: 'KSM merges pages across cells (merge_across_nodes)',
  'memory-cells-changed': 'somebody has changed the cells that it may take memory from',
  'moved-by-hand': 'somebody has moved its pages, as migratepages does',
  'process-gone': 'its process is gone',
  'lease-expired': 'the start that it was for has not come to an end',
  'other-boot': 'it is of an earlier boot of this host',
  unknown: '',
};

/** What differs and why: `vCPU 3 of web runs on 7 instead of 4: somebody has …`; without a full stop. */
export function describeDrift(drift: Drift): string {
  const why = whyOf(drift);
  return why === '' ? whatDiffers(drift) : `${whatDiffers(drift)}: ${why}`;
}

/** A sibling that nobody runs on has no mask that the kernel could have taken. */
function whyOf({ code, cause }: Drift): string {
  const isSibling = code === 'exclusivity-lost' && cause === 'cpu-back-online';
  return isSibling ? 'that was offline when the guest got its place, and is back' : WHY[cause];
}

function whatDiffers({ code, vm, subject, wanted, actual }: Drift): string {
  switch (code) {
    case 'vcpu-astray':
    case 'iothread-astray':
      return `${subject} of ${vm} may run on ${actual} instead of ${wanted}`;
    case 'emulator-astray':
      return `Emulator threads of ${vm} may run on ${actual} instead of ${wanted}`;
    case 'vcpu-plugged-in':
      return `${subject} of ${vm} has no CPUs of its own and may run on ${actual}`;
    case 'cpuset-astray':
      return `The cpuset of the ${subject} of ${vm} holds ${actual} instead of ${wanted}`;
    case 'cpu-offline':
      return `The ${subject} of ${vm} may run on ${actual}, because none of ${wanted} is online`;
    case 'memory-astray':
      return `Memory of ${vm} belongs to cell ${wanted}, but there are ${actual}`;
    case 'shared-set-stale':
      return `The ${subject} of ${vm} may run on ${actual}, but what they share now is ${wanted}`;
    case 'foreign-over-dedicated':
      return `${vm}, which has no placement, may run on ${actual}, of which only ${wanted} is not dedicated to others`;
    case 'pins-collide':
      return `${vm}, which has no placement of Pinfold's, is pinned to ${actual}`;
    case 'exclusivity-lost':
      return actual;
    case 'guest-unplaced':
      return `${vm} runs on ${actual} without the placement that its policy asks for`;
    case 'guest-restarted':
      return `${vm} runs as process ${wanted}, but the ledger has ${actual}`;
    case 'entry-stale':
      return `The ledger still has ${vm} (${actual})`;
    case 'file-stale':
      return `${actual} is left of ${vm}`;
  }
}

/** The whole sentence: what differs, why, and what became of it. */
export function sentenceOfDrift(
  drift: Drift,
  ending: { readonly repair: ReportedDrift['repair']; readonly detail: string },
): string {
  const { repair, detail } = ending;
  const more = detail === '' ? '' : ` (${detail})`;
  const end = {
    planned: `it would be mended${more}`,
    done: `mended${more}`,
    failed: `mending it failed${more}`,
    none: detail === '' ? 'nothing can be done about it' : detail,
  }[repair];
  return `${describeDrift(drift)}; ${end}.`;
}
