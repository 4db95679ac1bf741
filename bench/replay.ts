/**
 * How many vCPUs a host takes over a day of guests: the 13 recorded traces of OpenStack Nova, replayed. Needs the
 * recordings (PINFOLD_SHARED, by default `../shared`). Prints a table per trace:
 *
 * offered: all arrivals; Nova: its two modes, without guests that it accepted with wrong pins; ours: the same
 * events under our two strategies, nobody moved; rebalance: with moves of running guests; MiB: memory copied for
 * that (under the better strategy); stuck: guests refused under rebalance that a search by numbers could have
 * arranged, and those for which that search gave up; greedy: a placer that looks at the host's totals alone (it
 * admits what no cell can hold); gap: the mean difference between fullest and emptiest cell under spread.
 */
import { readRequest } from '../src/engine/request/read-request.ts';
import { replay } from '../src/engine/replay/replay.ts';
import type { RunningGuest } from '../src/engine/running-host.ts';
import type { Claim } from '../src/domain/claim.ts';
import type { Trace } from '../src/domain/trace.ts';
import { canBeArranged } from '../src/testing/can-be-arranged.ts';
import {
  cpusOf,
  greedyVcpus,
  loadGap,
  novaTraces,
  type NovaTrace,
  type Strategy,
} from '../src/testing/nova-traces.ts';

interface Row {
  readonly offered: number;
  readonly novaSpread: number;
  readonly novaPack: number;
  readonly novaBetter: number;
  readonly spread: number;
  readonly pack: number;
  readonly better: number;
  readonly spreadRebalance: number;
  readonly packRebalance: number;
  readonly betterRebalance: number;
  readonly movedMiB: number;
  readonly stuck: number;
  readonly givenUp: number;
  readonly greedy: number;
}

const STRATEGIES: readonly Strategy[] = ['spread', 'pack'];

/** Guests refused under rebalance although all could be arranged, and those for which that is not known. */
function stuckGuests(trace: Trace): { readonly stuck: number; readonly givenUp: number } {
  const places = new Map<number, RunningGuest[]>();
  const { refused } = replay(trace, {
    rebalance: true,
    watch: (event, guest) => {
      places.set(event, [...(places.get(event) ?? []), guest]);
    },
  });
  const live = new Map<string, RunningGuest>();
  let [stuck, givenUp] = [0, 0];
  trace.events.forEach((event, number) => {
    if (event[0] === 'd') live.delete(event[1]);
    else if (event[1] in refused) {
      const read = readRequest(event[2]);
      const could = read.ok ? canBeArranged(trace.host, [...live.values()], read.spec) : false;
      if (could === true) stuck += 1;
      if (could === null) givenUp += 1;
    }
    for (const guest of places.get(number) ?? []) live.set(guest.spec.vm, guest);
  });
  return { stuck, givenUp };
}

function meanGap(trace: Trace): number {
  const places = new Map<number, RunningGuest[]>();
  replay(trace, {
    rebalance: false,
    watch: (event, guest) => {
      places.set(event, [...(places.get(event) ?? []), guest]);
    },
  });
  const live = new Map<string, Claim>();
  let sum = 0;
  trace.events.forEach((event, number) => {
    if (event[0] === 'd') live.delete(event[1]);
    for (const guest of places.get(number) ?? []) live.set(guest.spec.vm, guest.claim);
    sum += loadGap(trace.host, cpusOf(live.values()));
  });
  return sum / trace.events.length;
}

function rowOf(nova: NovaTrace): Row {
  const still = STRATEGIES.map(strategy => replay(nova.trace(strategy), { rebalance: false }));
  const moved = STRATEGIES.map(strategy => replay(nova.trace(strategy), { rebalance: true }));
  const best = moved[0]!.acceptedVcpus >= moved[1]!.acceptedVcpus ? 0 : 1;
  return {
    offered: nova.offeredVcpus,
    novaSpread: nova.novaVcpus.spread,
    novaPack: nova.novaVcpus.pack,
    novaBetter: Math.max(nova.novaVcpus.spread, nova.novaVcpus.pack),
    spread: still[0]!.acceptedVcpus,
    pack: still[1]!.acceptedVcpus,
    better: Math.max(still[0]!.acceptedVcpus, still[1]!.acceptedVcpus),
    spreadRebalance: moved[0]!.acceptedVcpus,
    packRebalance: moved[1]!.acceptedVcpus,
    betterRebalance: moved[best]!.acceptedVcpus,
    movedMiB: moved[best]!.moves!.reduce((sum, move) => sum + move.costMiB, 0),
    ...stuckGuests(nova.trace(STRATEGIES[best]!)),
    greedy: greedyVcpus(nova.trace('pack')),
  };
}

function line(name: string, row: Row, gaps: string): string {
  const cells = [
    row.offered,
    row.novaSpread,
    row.novaPack,
    row.spread,
    row.pack,
    row.spreadRebalance,
    row.packRebalance,
    row.movedMiB,
    `${row.stuck}${row.givenUp > 0 ? ` (+${row.givenUp}?)` : ''}`,
    row.greedy,
    gaps,
  ];
  return `| ${[name, ...cells].join(' | ')} |\n`;
}

function main(): void {
  const traces = novaTraces();
  const rows = traces.map(rowOf);
  process.stdout.write(
    '| trace | offered | Nova spread | Nova pack | spread | pack | rebalance, spread | rebalance, pack | MiB | stuck | greedy | gap Nova / ours |\n' +
      `|${' --- |'.repeat(12)}\n`,
  );
  const gaps = traces.map(trace => [trace.novaGap.spread, meanGap(trace.trace('spread'))] as const);
  const shown = ([nova, ours]: readonly [number, number]) => `${nova.toFixed(3)} / ${ours.toFixed(3)}`;
  rows.forEach((row, i) =>
    process.stdout.write(line(`${traces[i]!.id} ${traces[i]!.profile}`, row, shown(gaps[i]!))),
  );
  const sum = Object.fromEntries(
    Object.keys(rows[0]!).map(key => [key, rows.reduce((total, row) => total + row[key as keyof Row], 0)]),
  ) as unknown as Row;
  const mean = (side: 0 | 1) => gaps.reduce((total, gap) => total + gap[side], 0) / gaps.length;
  process.stdout.write(line('sum', sum, shown([mean(0), mean(1)])));
  const times = (vcpus: number) => `${vcpus} (${(vcpus / sum.novaBetter).toFixed(3)} ×)`;
  process.stdout.write(
    `\nBetter of two, summed: Nova ${sum.novaBetter}, ours ${times(sum.better)}, with rebalance ${times(sum.betterRebalance)}; greedy ${times(sum.greedy)}.\n`,
  );
}

try {
  main();
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  process.stderr.write(
    'The recorded traces are not here: name the folder that holds them in PINFOLD_SHARED.\n',
  );
  process.exitCode = 1;
}
