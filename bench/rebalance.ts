/**
 * What planning a rebalance costs: 500 guests on a machine of 1024 CPUs (8 cells), full of holes that departures left.
 * Each case is planned three times, each in a process of its own: shown are the medians of wall clock and CPU time of planning
 * (garbage collection on other threads included), and the highest memory of any of the processes, in which the host was built as
 * well. Exits 1 when the CPU time is more than 2 s or the memory more than 512 MB; the wall clock is for a machine that does
 * nothing else, where it must be below 2 s, too: elsewhere it is shown and told.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readRequest } from '../src/engine/request/read-request.ts';
import { liveRules } from '../src/engine/rebalance/move-rules.ts';
import { planRebalance } from '../src/engine/rebalance/plan-rebalance.ts';
import { RunningHost } from '../src/engine/running-host.ts';
import type { PlacementRequest } from '../src/domain/placement-request.ts';
import { hostOf } from '../src/machines/host-of.ts';
import { diceOf } from '../src/testing/dice.ts';
import { median } from './kit/median.ts';

const MOST_MS = 2000;
const MOST_MB = 512;
/** Processes a case. */
const RUNS = 3;
const GUESTS = 500;
/** So many come first; some of them leave again. */
const MOST_GUESTS = 640;

interface Case {
  readonly name: string;
  readonly strategy: 'pack' | 'spread';
  /** vCPUs and host memory (GiB) of the guest that room is asked for; null = the score. */
  readonly newcomer: readonly [vcpus: number, gib: number] | null;
}
const CASES: readonly Case[] = [
  { name: 'the score, pack', strategy: 'pack', newcomer: null },
  { name: 'the score, spread', strategy: 'spread', newcomer: null },
  { name: 'room for 48 vCPUs on one cell', strategy: 'pack', newcomer: [48, 64] },
  { name: 'room for 96 vCPUs on one cell', strategy: 'pack', newcomer: [96, 64] },
  { name: 'room for 128 vCPUs on one cell: none', strategy: 'spread', newcomer: [128, 64] },
];

function request(vm: string, vcpus: number, gib: number, specs: Readonly<Record<string, string>> = {}) {
  const extraSpecs = { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '1', ...specs };
  return { kind: 'pinfold/request', version: 1, vm, vcpus, memoryMiB: gib * 1024, extraSpecs } as const;
}

function arrival(index: number, roll: (sides: number) => number): PlacementRequest {
  const vcpus = [1, 1, 1, 1, 2, 2, 2, 4][roll(8)]!;
  const thread = [{}, {}, {}, { 'hw:cpu_thread_policy': 'require' }][roll(4)]!;
  const emulator = [{}, { 'hw:emulator_threads_policy': 'isolate' }][roll(2)]!;
  const wide = vcpus === 4 && roll(3) === 0 ? { 'hw:numa_nodes': '2' } : {};
  return request(`g${index}`, vcpus, 1 + roll(6), { ...thread, ...emulator, ...wide });
}

function fullHost(strategy: 'pack' | 'spread'): RunningHost {
  const machine = {
    name: 'large',
    sockets: 2,
    cellsPerSocket: 4,
    coresPerCell: 64,
    threadsPerCore: 2,
    coresPerCache: 8,
    memoryMiBPerCell: 768 * 1024,
    distances: { near: 12, far: 32 },
  } as const;
  const policy = { strategy, cpu_dedicated_set: '0-1023', emulator_overcommit_ratio: 8 } as const;
  const host = new RunningHost(hostOf(machine, policy));
  const roll = diceOf(7);
  let misses = 0;
  for (let index = 0; host.guests.size < MOST_GUESTS && misses < 50; index += 1) {
    const read = readRequest(arrival(index, roll));
    if (!read.ok) throw new Error(read.error.summary);
    const offer = host.offer(read.spec);
    if (offer.ok) host.put(offer.guest);
    else misses += 1;
  }
  for (const names = [...host.guests.keys()]; host.guests.size > GUESTS; )
    host.remove(names.splice(roll(names.length), 1)[0]!);
  return host;
}

function measure(index: number): void {
  const { strategy, newcomer } = CASES[index]!;
  const host = fullHost(strategy);
  const read = newcomer === null ? null : readRequest(request('newcomer', ...newcomer));
  if (read !== null && !read.ok) throw new Error(read.error.summary);
  const started = performance.now();
  const start = process.cpuUsage();
  const {
    plan,
    steps,
    newcomer: placed,
  } = planRebalance(host, {
    rules: liveRules(),
    newcomer: read === null ? null : read.spec,
    astrayMiB: new Map(),
  });
  const { user, system } = process.cpuUsage(start);
  const wallMs = performance.now() - started;
  const ms = (user + system) / 1000;
  const mb = process.resourceUsage().maxRSS / 1024;
  const gib = plan.changes.reduce((sum, { costMiB }) => sum + costMiB, 0) / 1024;
  const { before, after } = plan;
  const parts = (['cacheDomains', 'brokenCores', 'largestHole', 'balance'] as const)
    .map(part => `${before[part]} → ${after[part]}`)
    .join(' | ');
  const found = newcomer === null ? '' : placed === null ? 'no' : 'yes';
  process.stdout.write(
    `${JSON.stringify({ wallMs, ms, mb, cells: [steps.length, gib.toFixed(0), found, parts] })}\n`,
  );
}

interface Run {
  readonly wallMs: number;
  readonly ms: number;
  readonly mb: number;
  readonly cells: readonly (string | number)[];
}

function inProcess(index: number): Run {
  const checkout = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
  const words = [
    join(checkout, 'scripts', 'run-ts.mjs'),
    join(checkout, 'bench', 'rebalance.ts'),
    `${index}`,
  ];
  const { stdout } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(stdout) as Run;
}

function main(): void {
  process.stdout.write(
    '| case | wall ms | CPU ms | MB | steps | GiB | room | cache domains | broken cores | largest hole | balance ‰ |\n' +
      `|${' --- |'.repeat(11)}\n`,
  );
  CASES.forEach(({ name }, index) => {
    const runs = Array.from({ length: RUNS }, () => inProcess(index));
    const wallMs = median(runs.map(run => run.wallMs));
    const ms = median(runs.map(run => run.ms));
    const mb = Math.max(...runs.map(run => run.mb));
    const cells = [name, wallMs.toFixed(0), ms.toFixed(0), mb.toFixed(0), ...runs[0]!.cells];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
    if (ms > MOST_MS || mb > MOST_MB) process.exitCode = 1;
    if (wallMs > MOST_MS)
      process.stderr.write(
        `${name}: more than ${MOST_MS} ms of wall clock: see that nothing else runs here.\n`,
      );
  });
}

const wanted = process.argv[2];
if (wanted === undefined) main();
else measure(Number(wanted));
