import type { HostPolicy } from '../../src/domain/host-policy.ts';
import type { PlacementRequest } from '../../src/domain/placement-request.ts';
import type { Trace, TraceEvent } from '../../src/domain/trace.ts';
import { hostOf } from '../../src/machines/host-of.ts';
import { namedMachine, type MachineName } from '../../src/machines/named-machines.ts';
import { diceOf, type Dice } from '../../src/testing/dice.ts';

/** A day on one machine. */
export interface DayWish {
  readonly machine: MachineName;
  readonly policy: HostPolicy;
  readonly events: number;
  readonly seed: number;
}

/** Arrivals and departures of guests of mixed kinds; about a third as many as there are CPUs want to run at a time. */
export function dayTrace({ machine, policy, events, seed }: DayWish): Trace {
  const roll = diceOf(seed);
  const live: string[] = [];
  const shape = namedMachine(machine);
  const crowd = Math.round(
    (shape.sockets * shape.cellsPerSocket * shape.coresPerCell * shape.threadsPerCore!) / 3,
  );
  return {
    host: hostOf(shape, policy),
    events: Array.from({ length: events }, (_, index): TraceEvent => {
      if (live.length > 0 && roll(2 * crowd) < live.length)
        return ['d', live.splice(roll(live.length), 1)[0]!];
      const vm = `g${index}`;
      live.push(vm);
      return ['a', vm, guestOf(vm, roll)];
    }),
  };
}

/** A guest of mixed kind: dedicated with all thread policies, emulators and one or two cells; some shared or mixed. */
function guestOf(vm: string, roll: Dice): PlacementRequest {
  const vcpus = [1, 1, 2, 2, 2, 4, 4, 6, 8, 12][roll(10)]!;
  const kind = roll(10);
  const specs: Record<string, string> = {
    'hw:cpu_policy': kind < 8 ? 'dedicated' : kind < 9 ? 'mixed' : 'shared',
  };
  if (kind === 8) specs['hw:cpu_dedicated_mask'] = '0';
  if (kind === 9) specs['pinfold:confine'] = 'cell';
  const thread = ['', '', '', 'prefer', 'require', 'isolate'][roll(6)]!;
  if (kind < 8 && thread !== '') specs['hw:cpu_thread_policy'] = thread;
  if (kind < 9 && roll(3) === 0) specs['hw:emulator_threads_policy'] = 'isolate';
  if (kind < 8 && vcpus >= 4 && roll(4) === 0) specs['hw:numa_nodes'] = '2';
  if (kind < 8 && roll(2) === 0) specs['hw:mem_page_size'] = 'large';
  const memoryMiB = 1024 * vcpus * (1 + roll(3));
  return { kind: 'pinfold/request', version: 1, vm, vcpus, memoryMiB, extraSpecs: specs };
}
