import type { RunningGuest } from '../running-host.ts';
import type { Change } from '../../domain/plan.ts';

/** One running guest goes from one place to another; the host is valid before and after. */
export interface Step {
  readonly from: RunningGuest;
  readonly to: RunningGuest;
}

/** MiB that the step copies: the memory of the guest cells whose host cell changes. */
export function stepCostMiB({ from, to }: Step): number {
  return from.placement.cells.reduce(
    (sum, cell, row) => sum + (to.placement.cells[row]?.hostCell === cell.hostCell ? 0 : cell.memoryMiB),
    0,
  );
}

/**
 * A step as changes, in the order in which they are made: memory after its CPUs, so that no guest cell is without
 * one. One change a kind: `from` and `to` of vCPUs are the sets of all of them, in the order of their numbers.
 */
export function changesOf(step: Step): readonly Change[] {
  const { from, to } = step;
  const vm = from.spec.vm;
  const was = from.placement;
  const will = to.placement;
  const changes: Change[] = [];
  const add = (change: Change['change'], texts: readonly [string, string], costMiB: number) => {
    if (texts[0] !== texts[1])
      changes.push({ vm, change, from: texts[0], to: texts[1], costMiB, live: true });
  };
  add('repin-vcpu', [inOrder(was.pins), inOrder(will.pins)], 0);
  add('repin-emulator', [was.emulator.cpus, will.emulator.cpus], 0);
  add('repin-iothread', [inOrder(was.iothreads), inOrder(will.iothreads)], 0);
  add('move-memory', [hostCells(was), hostCells(will)], stepCostMiB(step));
  return changes;
}

function inOrder(pins: Readonly<Record<string, string>>): string {
  return Object.values(pins).join(' ');
}

function hostCells(placement: RunningGuest['placement']): string {
  return placement.cells.map(cell => cell.hostCell).join(' ');
}
