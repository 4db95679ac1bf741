import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { HostModel } from '../host-model.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { redoSteps, undoSteps } from './carry-out.ts';
import { ownThreads } from './own-threads.ts';
import { relocate } from './relocate.ts';
import type { Step } from './step.ts';

/**
 * The same steps with what guests that float have to do about them, so that no shared thread ever stands on a CPU that
 * became somebody's own. The steps have been taken on the host, and so have those answered.
 *
 * 1. Before a step, every other guest whose threads float over CPUs that it takes leaves these CPUs.
 * 2. At the end, guests that had to leave get the whole floating set of their cells again.
 */
export function followFloating(host: RunningHost, steps: readonly Step[]): readonly Step[] {
  const all: Step[] = [];
  const narrowed = new Set<string>();
  undoSteps(host, steps);
  for (const { from, to } of steps) {
    const taken = heldBy(to).minus(heldBy(from));
    for (const guest of [...host.guests.values()]) {
      const left = guest.spec.vm === to.spec.vm ? null : leaves(guest, taken);
      if (left === null) continue;
      narrowed.add(guest.spec.vm);
      take(host, all, { from: guest, to: left });
    }
    // A guest that had to leave CPUs before its own step starts from where it is now.
    take(host, all, { from: from === to ? to : host.guests.get(to.spec.vm)!, to });
  }
  for (const vm of narrowed) {
    const guest = host.guests.get(vm)!;
    const wide = guest.placement.cost.dedicated === 0 ? atHome(host, guest) : widened(host.model, guest);
    if (wide !== null) take(host, all, { from: guest, to: wide });
  }
  return all;
}

function take(host: RunningHost, steps: Step[], step: Step): void {
  redoSteps(host, [step]);
  steps.push(step);
}

function atHome(host: RunningHost, guest: RunningGuest): RunningGuest | null {
  const home = guest.placement.cells.map(cell => cell.hostCell);
  return relocate(host, guest, home);
}

/** A guest with CPUs of its own, which stay, on the whole floating set of its cells; emulator threads that float follow. */
function widened(model: HostModel, guest: RunningGuest): RunningGuest {
  const { spec, placement, claim } = guest;
  const own = new Set(ownThreads(guest).flatMap(({ role, index }) => (role === 'vcpu' ? [`${index}`] : [])));
  const pins = { ...placement.pins };
  for (const cell of placement.cells) {
    const floating = model.cells.find(({ id }) => id === cell.hostCell)?.floatingText ?? '';
    for (const vcpu of parseCpuList(cell.vcpus))
      if (!own.has(`${vcpu}`) && floating !== '') pins[vcpu] = floating;
  }
  const follows = placement.emulator.policy === 'float' && spec.realtimeVcpus === null;
  const cpus = follows
    ? CpuSet.union(Object.values(pins).map(parseCpuList)).toString()
    : placement.emulator.cpus;
  const iothreads = Object.fromEntries(
    Object.entries(placement.iothreads).map(([id, text]) => [
      id,
      text === placement.emulator.cpus ? cpus : text,
    ]),
  );
  return {
    ...guest,
    placement: { ...placement, pins, iothreads, emulator: { ...placement.emulator, cpus, atStart: cpus } },
    claim: { ...claim, ...(claim.emulator == null ? {} : { emulator: { ...claim.emulator, cpus } }) },
  };
}

function heldBy({ claim }: RunningGuest): CpuSet {
  return CpuSet.union(claim.cells.map(cell => parseCpuList(cell.pcpus)));
}

/** The guest with its floating threads off these CPUs; null when none of them is there. */
function leaves(guest: RunningGuest, taken: CpuSet): RunningGuest | null {
  const { placement, claim } = guest;
  const own = CpuSet.of(ownThreads(guest).map(({ cpu }) => cpu));
  const cut = (text: string): string => {
    const cpus = parseCpuList(text);
    const rest = cpus.minus(taken);
    // Where nothing is left it stays: a crowded CPU is better than none.
    return cpus.isSubsetOf(own) || rest.isEmpty ? text : rest.toString();
  };
  const all = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, cut(text)]));
  const pins = all(placement.pins);
  const iothreads = all(placement.iothreads);
  const cpus = cut(placement.emulator.cpus);
  const before = JSON.stringify([placement.pins, placement.iothreads, placement.emulator.cpus]);
  if (JSON.stringify([pins, iothreads, cpus]) === before) return null;
  return {
    ...guest,
    placement: {
      ...placement,
      pins,
      iothreads,
      emulator: { ...placement.emulator, cpus, atStart: cpus },
    },
    claim: { ...claim, ...(claim.emulator == null ? {} : { emulator: { ...claim.emulator, cpus } }) },
  };
}
