import type { Change } from '../../domain/plan.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';

/** What a plan costs; the seconds are an estimate. */
export interface Price {
  readonly movedMiB: number;
  readonly seconds: number;
}

/**
 * MiB a second that move between cells: taken low for servers, on which the kernel's migrate_pages(2), one thread that copies
 * page by page, was seen at one to three GiB a second. What it is here is told when it is over.
 */
const MIB_A_SECOND = 1024;
/** A pin through libvirt takes some 30 ms of a CPU, as in the flow of a start. */
const SECONDS_A_PIN = 0.03;
/** Two turns under the node's lock, and a look at all guests. */
const SECONDS_A_CHANGE = 0.05;

/** The price of these changes, as if each were made after the one before. */
export function priceOf(changes: readonly Change[]): Price {
  let [movedMiB, seconds] = [0, 0];
  for (const { change, to, costMiB } of changes) {
    movedMiB += costMiB;
    const pins = change === 'repin-vcpu' ? to.split(' ').length : 1;
    seconds += SECONDS_A_CHANGE + pins * SECONDS_A_PIN + costMiB / MIB_A_SECOND;
  }
  return { movedMiB, seconds };
}

/** All CPUs that a change of pins names on one side, as one set. */
export function cpusNamed(text: string): string {
  return parseCpuList(text.split(' ').filter(Boolean).join(',')).toString();
}
