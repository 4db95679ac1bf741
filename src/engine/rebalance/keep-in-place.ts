import { parseCpuList } from '../../domain/cpu-list.ts';
import type { Placement } from '../../domain/decision.ts';
import type { RunningGuest } from '../running-host.ts';

/**
 * The same new place with as few threads moved as can be: a vCPU (or, where the guest knows of siblings, all vCPUs of one
 * core) whose CPUs are among the new ones of its guest cell keeps them, and the others share what is left, in order. Only
 * where vCPUs are alike: all dedicated, and nothing else (realtime, an emulator mask) tells them apart.
 */
export function keepInPlace(from: RunningGuest, to: RunningGuest): RunningGuest {
  const { spec } = to;
  if (spec.cpuPolicy !== 'dedicated' || spec.realtimeVcpus !== null || spec.emulator === 'mask') return to;
  const pins: Record<string, string> = {};
  const threads = Math.max(1, to.placement.topology.threads);
  const groups = groupsOf(to.placement, threads);
  if (groups === null) return to;
  for (const vcpus of groups) {
    const was = vcpus.map(group => group.map(vcpu => from.placement.pins[vcpu] ?? ''));
    const left = vcpus.map(group => group.map(vcpu => to.placement.pins[vcpu] ?? ''));
    const movers: number[] = [];
    was.forEach((cpus, row) => {
      const at = left.findIndex(other => sameSet(other, cpus));
      if (at < 0) {
        movers.push(row);
        return;
      }
      left.splice(at, 1);
      vcpus[row]!.forEach((vcpu, i) => (pins[vcpu] = cpus[i]!));
    });
    movers.forEach((row, i) => {
      vcpus[row]!.forEach((vcpu, j) => (pins[vcpu] = left[i]![j]!));
    });
  }
  return { ...to, placement: { ...to.placement, pins } };
}

/** By guest cell, the vCPUs that share a core in the guest's eyes; null where a core of the guest spans two cells. */
function groupsOf(placement: Placement, threads: number): readonly (readonly number[][])[] | null {
  const cells = placement.cells.map((): number[][] => []);
  const row = new Map<number, number>();
  placement.cells.forEach((cell, index) => {
    for (const vcpu of parseCpuList(cell.vcpus)) row.set(vcpu, index);
  });
  const count = Object.keys(placement.pins).length;
  for (let first = 0; first < count; first += threads) {
    const group = Array.from({ length: Math.min(threads, count - first) }, (_, i) => first + i);
    const home = row.get(first);
    if (home === undefined || group.some(vcpu => row.get(vcpu) !== home)) return null;
    cells[home]!.push(group);
  }
  return cells;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every(cpu => right.includes(cpu));
}
