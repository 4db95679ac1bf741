/**
 * A day on a stand-in node, through Pinfold's own code: OpenNebula's hook starts the guests, rebalance makes room for those that do
 * not fit and betters the score, and reconcile mends what damages the node every now and then (`day/live-day.ts`). 10 000 arrivals and
 * departures on each of two machines, each in a process of its own. Exits 1 when a guest breaks a rule, when a second look finds
 * something that reconcile left, or when a step or start fails that should not. `live-day.ts EVENTS` plays a shorter day.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dayTrace } from './day/day-trace.ts';
import { liveDay, type LiveDayWish, type LiveOutcome } from './day/live-day.ts';
import { plannedDay } from './day/planned-day.ts';

const [events, index] = process.argv.slice(2).map(Number);
const WISHES = (
  [
    ['dual-socket-smt', { cpu_allocation_ratio: 4, emulator_overcommit_ratio: 4, strategy: 'pack' }],
    [
      'epyc-nps4',
      {
        cpu_dedicated_set: '4-127',
        cpu_shared_set: '0-3',
        emulator_overcommit_ratio: 4,
        strategy: 'spread',
      },
    ],
  ] as const
).map(
  ([machine, policy]): LiveDayWish => ({
    machine,
    policy,
    events: events ?? 10_000,
    seed: 11,
    reconcileEvery: 10,
    rebalanceEvery: 100,
  }),
);

/** What a process of its own makes of the day; trees in memory where there is such a folder, because disks are no part of this. */
function playedApart(which: number): Promise<LiveOutcome & { readonly still: number }> {
  const checkout = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
  const words = [
    join(checkout, 'scripts', 'run-ts.mjs'),
    join(checkout, 'bench', 'live-day.ts'),
    `${WISHES[which]!.events}`,
    `${which}`,
  ];
  const memory = existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {};
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...memory },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', code => {
      if (code === 0) resolve(JSON.parse(text) as LiveOutcome & { readonly still: number });
      else reject(new Error(`the day on ${WISHES[which]!.machine} ended with ${code ?? 'a signal'}`));
    });
  });
}

function row({ machine, policy }: LiveDayWish, day: LiveOutcome & { readonly still: number }): string {
  const share = (vcpus: number) => `${vcpus} (${((vcpus / day.offeredVcpus) * 100).toFixed(1)} %)`;
  const damages = Object.values(day.damages).reduce((sum, count) => sum + count, 0);
  const cells = [
    `${machine}, ${policy.strategy!}`,
    day.offeredVcpus,
    share(day.still),
    share(day.acceptedVcpus),
    `${day.steps} / ${(day.movedMiB / 1024).toFixed(0)}`,
    day.reconciles,
    damages,
    day.findings['done'] ?? 0,
    day.findings['none'] ?? 0,
    day.checks,
    day.bent,
    day.wrong.length,
  ];
  return `| ${cells.join(' | ')} |\n`;
}

async function main(): Promise<void> {
  const days = await Promise.all(WISHES.map((_, which) => playedApart(which)));
  process.stdout.write(
    '| day | offered | no moves | let in | steps / GiB | reconciled | damaged | mended | cannot be | looked at | bent | wrong |\n' +
      `|${' --- |'.repeat(12)}\n${days.map((day, which) => row(WISHES[which]!, day)).join('')}\n`,
  );
  for (const [which, { machine }] of WISHES.entries()) {
    const { damages, wrong } = days[which]!;
    const counts = Object.entries(damages).map(([name, count]) => `${name} ${count}`);
    process.stdout.write(`${machine}: ${counts.join(', ')}.\n`);
    for (const sentence of wrong.slice(0, 20)) process.stdout.write(`  ${sentence}\n`);
    if (wrong.length > 0) process.exitCode = 1;
  }
}

async function played(wish: LiveDayWish): Promise<void> {
  const still = plannedDay(dayTrace(wish), 'still').acceptedVcpus;
  process.stdout.write(JSON.stringify({ ...(await liveDay(wish)), still }));
}

void (index === undefined ? main() : played(WISHES[index]!));
