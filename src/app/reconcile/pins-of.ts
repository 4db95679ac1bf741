import type { Placement } from '../../domain/decision.ts';
import type { SeenGuest } from './observed.ts';
import type { Act } from './repair.ts';

/** The pins that take a guest's threads to a placement; with `before`, only those that differ from it. */
export function pinsOf(placement: Placement, guest: SeenGuest, before: Placement | null): Act[] {
  const there = (role: 'vcpu' | 'iothread', index: string) =>
    guest.threads.some(thread => thread.role === role && `${thread.index}` === index);
  const changed = (
    role: 'vcpu' | 'iothread',
    pins: Readonly<Record<string, string>>,
    old: Readonly<Record<string, string>>,
  ): Act[] =>
    Object.entries(pins)
      .filter(([index, cpus]) => old[index] !== cpus && there(role, index))
      .map(([index, cpus]) => ({
        kind: role === 'vcpu' ? 'pin-vcpu' : 'pin-iothread',
        index: Number(index),
        cpus,
      }));
  return [
    ...changed('vcpu', placement.pins, before?.pins ?? {}),
    ...(placement.emulator.cpus === before?.emulator.cpus
      ? []
      : [{ kind: 'pin-emulator' as const, cpus: placement.emulator.cpus }]),
    ...changed('iothread', placement.iothreads, before?.iothreads ?? {}),
  ];
}

/** The pins that hold every thread of a guest to these CPUs. */
export function confining(guest: SeenGuest, cpus: string): Act[] {
  const numbered = guest.threads.flatMap(({ role, index }): Act[] =>
    role === 'emulator' || index === null
      ? []
      : [{ kind: role === 'vcpu' ? 'pin-vcpu' : 'pin-iothread', index, cpus }],
  );
  return [...numbered, { kind: 'pin-emulator', cpus }];
}

/** Whether both put the same thread somewhere. */
export function isSameThread(left: Act, right: Act): boolean {
  const index = (act: Act) => ('index' in act ? act.index : null);
  return left.kind === right.kind && index(left) === index(right);
}
