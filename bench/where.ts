/**
 * Ranks simulated nodes for a request, no two of them alike: 2 to 8 cells of 8 to 64 cores with two threads, other memory, policy and
 * strategy, filled with up to 500 guests of mixed shapes by the engine itself. Prints the time of `rankNodes` alone (JSON of the
 * nodes already read) and how it grows. Budget: 1000 nodes within 5 s, time per node no more than half above that of 125 nodes.
 * Exits 1 when it is not.
 */
import type { Host } from '../src/domain/host.ts';
import type { PlacementRequest } from '../src/domain/placement-request.ts';
import { rankNodes } from '../src/engine/rank-nodes.ts';
import { RunningHost } from '../src/engine/running-host.ts';
import { readRequest } from '../src/engine/request/read-request.ts';
import { hostOf } from '../src/machines/host-of.ts';

const NODES = 1000;
const BUDGET_MS = 5000;
const GROWTH = 1.5;
const STEPS = [125, 250, 500, NODES] as const;
const RUNS = 5;

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
const best = STEPS.map(count => {
  const some = nodes.slice(0, count);
  const times = Array.from({ length: RUNS }, () => {
    const started = performance.now();
    rankNodes(some, request, 'spread');
    return performance.now() - started;
  });
  return Math.min(...times);
});
const result = rankNodes(nodes, request, 'spread');
const fits = result.ok ? result.ranking.fits.length : 0;
process.stdout.write(
  [
    `where: ${NODES} nodes, ${guests} guests (most on one: ${Math.max(...nodes.map(({ host }) => host.claims.length))}), ${fits} nodes fit; Node ${process.version}`,
    '| nodes | ms | ms a node |',
    '| --- | --- | --- |',
    ...STEPS.map((count, i) => `| ${count} | ${best[i]!.toFixed(0)} | ${(best[i]! / count).toFixed(2)} |`),
    '',
  ].join('\n'),
);
const linear = best[3]! / NODES <= (GROWTH * best[0]!) / STEPS[0];
if (best[3]! > BUDGET_MS || !linear) {
  process.stdout.write(linear ? 'OVER THE BUDGET\n' : 'NOT LINEAR\n');
  process.exitCode = 1;
}
