/**
 * A day on a node as the engine plans it: guests come and go (10 000 events on each of two generated machines, and the recorded
 * traces of OpenStack Nova when PINFOLD_SHARED has them), without moves, with room made for whom does not fit, and with the node's
 * score bettered every 100 events as well, all under the rules for live guests (memory moves only with guests of one cell).
 * Everybody who is placed, moved or made to follow is looked at by the independent checker; exits 1 when one breaks a rule.
 */
import type { HostPolicy } from '../src/domain/host-policy.ts';
import type { MachineName } from '../src/machines/named-machines.ts';
import { novaTraces, type NovaTrace } from '../src/testing/nova-traces.ts';
import { dayTrace } from './day/day-trace.ts';
import { MODES, plannedDay, type Outcome } from './day/planned-day.ts';

const EVENTS = 10_000;

function line(name: string, nova: string, outcomes: readonly Outcome[]): string {
  const offered = outcomes[0]!.offeredVcpus;
  const accepted = outcomes.map(
    ({ acceptedVcpus }) => `${acceptedVcpus} (${((acceptedVcpus / offered) * 100).toFixed(1)} %)`,
  );
  const moved = outcomes.slice(1).map(({ steps, movedMiB }) => `${steps} / ${(movedMiB / 1024).toFixed(0)}`);
  const broken = outcomes.reduce((sum, { brokenRules }) => sum + brokenRules, 0);
  const checks = outcomes.reduce((sum, outcome) => sum + outcome.checks, 0);
  if (broken > 0) process.exitCode = 1;
  return `| ${[name, offered, nova, ...accepted, ...moved, checks, broken].join(' | ')} |\n`;
}

function sumOf(all: readonly (readonly Outcome[])[]): Outcome[] {
  return MODES.map((_, mode) => {
    const sum: { -readonly [Key in keyof Outcome]: Outcome[Key] } = { ...all[0]![mode]! };
    for (const outcomes of all.slice(1))
      for (const key of Object.keys(sum) as (keyof Outcome)[]) sum[key] += outcomes[mode]![key];
    return sum;
  });
}

function recorded(): readonly NovaTrace[] {
  try {
    return novaTraces();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    process.stderr.write(
      'The recorded traces are not here: name the folder that holds them in PINFOLD_SHARED.\n',
    );
    return [];
  }
}

function main(): void {
  process.stdout.write(
    '| day | offered | Nova | no moves | room | room and score | steps / GiB for room | steps / GiB with score | looked at | rules broken |\n' +
      `|${' --- |'.repeat(10)}\n`,
  );
  const machines: readonly (readonly [MachineName, HostPolicy])[] = [
    ['dual-socket-smt', { cpu_allocation_ratio: 4, emulator_overcommit_ratio: 4 }],
    ['epyc-nps4', { cpu_dedicated_set: '4-127', cpu_shared_set: '0-3', emulator_overcommit_ratio: 4 }],
  ];
  for (const [machine, policy] of machines) {
    for (const strategy of ['pack', 'spread'] as const) {
      const trace = dayTrace({ machine, policy: { ...policy, strategy }, events: EVENTS, seed: 11 });
      const outcomes = MODES.map(mode => plannedDay(trace, mode));
      process.stdout.write(line(`${machine}, ${strategy}`, '', outcomes));
    }
  }
  const traces = recorded();
  for (const strategy of traces.length === 0 ? [] : (['pack', 'spread'] as const)) {
    const all = traces.map(trace => MODES.map(mode => plannedDay(trace.trace(strategy), mode)));
    const nova = traces.reduce((sum, trace) => sum + trace.novaVcpus[strategy], 0);
    process.stdout.write(line(`13 recorded days, ${strategy}`, `${nova}`, sumOf(all)));
  }
}

main();
