import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { RunningGuest } from '../running-host.ts';

/** A thread of a guest that has a CPU for itself, and that CPU. */
export interface OwnThread {
  readonly role: 'vcpu' | 'emulator' | 'iothread';
  /** vCPU or iothread number; 0 for the emulator threads, which count as one. */
  readonly index: number;
  readonly cpu: number;
}

/**
 * The threads that have a CPU for themselves: dedicated vCPUs, an isolated emulator (others may stand on the same pool
 * CPU, but none of this guest), iothreads under their own policy. In this order, each by its number.
 */
export function ownThreads({ spec, placement }: RunningGuest): readonly OwnThread[] {
  const dedicated = CpuSet.union(spec.cells.map(cell => cell.dedicated));
  const isOwn = (vcpu: number) => spec.cpuPolicy === 'dedicated' || dedicated.has(vcpu);
  const of = (role: OwnThread['role'], index: number, text: string): OwnThread[] => {
    const cpu = parseCpuList(text).first;
    return cpu === undefined ? [] : [{ role, index, cpu }];
  };
  return [
    ...Object.entries(placement.pins).flatMap(([vcpu, text]) =>
      isOwn(Number(vcpu)) ? of('vcpu', Number(vcpu), text) : [],
    ),
    ...(placement.emulator.policy === 'isolate' ? of('emulator', 0, placement.emulator.cpus) : []),
    ...(spec.iothreadPolicy === 'isolate'
      ? Object.entries(placement.iothreads).flatMap(([id, text]) => of('iothread', Number(id), text))
      : []),
  ];
}
