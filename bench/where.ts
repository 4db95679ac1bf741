/**
 * Ranks simulated nodes for a request, no two of them alike: 2 to 8 cells of 8 to 64 cores with two threads, other memory, policy and
 * strategy, filled with up to 500 guests of mixed shapes by the engine itself. Prints the CPU time of `rankNodes` alone (JSON of the
 * nodes already read) and how it grows. Budget: 1000 nodes within 5 s; a node of 1000 costs no more than half above one of 250.
 * Exits 1 when it is not. What else the machine does must not look like growth: rounds take the steps in turn, each step ranks
 * every node exactly once (1000 as 1 × 1000, 2 × 500 or 4 × 250), and the medians of all rounds are compared.
 */
import type { Host } from '../src/domain/host.ts';
import type { PlacementRequest } from '../src/domain/placement-request.ts';
import { rankNodes } from '../src/engine/rank-nodes.ts';
import { RunningHost } from '../src/engine/running-host.ts';
import { readRequest } from '../src/engine/request/read-request.ts';
import { hostOf } from '../src/machines/host-of.ts';
import { median } from './kit/median.ts';

const NODES = 1000;
const BUDGET_MS = 5000;
const GROWTH = 1.5;
const STEPS = [250, 500, NODES] as const;
const ROUNDS = 9;

/** Numbers that look random and are the same in every run (mulberry32, public domain, by T. Ettinger). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function emptyNode(id: number, pick: (below: number) => number): Host {
  const cellsPerSocket = 1 + pick(4);
  const coresPerCell = 8 * (1 + pick(8));
  const machine = {
    name: `node-${id}`,
    sockets: 2,
    cellsPerSocket,
    coresPerCell,
    threadsPerCore: 2,
    memoryMiBPerCell: 65536 + 1024 * id,
  };
  const shared =
    pick(2) === 0
      ? {}
      : { cpu_shared_set: '0-1', cpu_dedicated_set: `2-${4 * cellsPerSocket * coresPerCell - 1}` };
  return hostOf(
    machine,
    { ...shared, strategy: pick(2) === 0 ? 'spread' : 'pack', emulator_overcommit_ratio: 4 },
    [],
  );
}

function guest(vm: string, pick: (below: number) => number): PlacementRequest {
  const vcpus = [1, 1, 1, 2, 2, 4][pick(6)]!;
  const extra = [{}, { 'hw:emulator_threads_policy': 'isolate' }, { 'hw:cpu_thread_policy': 'require' }][
    pick(3)
  ]!;
  const extraSpecs: Record<string, string> = { 'hw:cpu_policy': 'dedicated', ...extra };
  return { kind: 'pinfold/request', version: 1, vm, vcpus, memoryMiB: 256 * vcpus, extraSpecs };
}

function filledNode(id: number): { readonly node: string; readonly host: Host } {
  const pick = random(id);
  const running = new RunningHost(emptyNode(id, pick));
  const wanted = pick(501);
  for (let count = 0, failed = 0; count < wanted && failed < 5; ) {
    const read = readRequest(guest(`vm-${count}`, pick));
    const offer = read.ok ? running.offer(read.spec) : null;
    if (offer?.ok !== true) failed += 1;
    else {
      running.put(offer.guest);
      count += 1;
    }
  }
  return { node: `node-${id}`, host: { ...running.model.host, claims: running.claims } };
}

const nodes = Array.from({ length: NODES }, (_, id) => filledNode(id));
const guests = nodes.reduce((sum, { host }) => sum + host.claims.length, 0);
const request: PlacementRequest = {
  kind: 'pinfold/request',
  version: 1,
  vm: 'newcomer',
  vcpus: 16,
  memoryMiB: 16384,
  extraSpecs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '2', 'hw:emulator_threads_policy': 'isolate' },
};

/** CPU ms that it takes to rank all nodes, so many at a time. */
function timeOf(count: number): number {
  const start = process.cpuUsage();
  for (let from = 0; from < NODES; from += count)
    rankNodes(nodes.slice(from, from + count), request, 'spread');
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const rounds = Array.from({ length: ROUNDS + 1 }, () => STEPS.map(timeOf));
// The first round warms the program up.
const times = STEPS.map((_, i) => median(rounds.slice(1).map(round => round[i]!)));
const ratio = times.at(-1)! / times[0]!;
const result = rankNodes(nodes, request, 'spread');
const fits = result.ok ? result.ranking.fits.length : 0;
process.stdout.write(
  [
    `where: ${NODES} nodes, ${guests} guests (most on one: ${Math.max(...nodes.map(({ host }) => host.claims.length))}), ${fits} nodes fit; Node ${process.version}`,
    '| nodes at a time | CPU ms for all | ms a node |',
    '| --- | --- | --- |',
    ...STEPS.map((count, i) => `| ${count} | ${times[i]!.toFixed(0)} | ${(times[i]! / NODES).toFixed(2)} |`),
    '',
    `A node of ${NODES} costs ${ratio.toFixed(2)} × one of ${STEPS[0]} (at most ${GROWTH}).`,
    '',
  ].join('\n'),
);
if (times.at(-1)! > BUDGET_MS || ratio > GROWTH) {
  process.stdout.write(ratio > GROWTH ? 'NOT LINEAR\n' : 'OVER THE BUDGET\n');
  process.exitCode = 1;
}
