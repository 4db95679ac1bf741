import { buildHostModel, type HostModel } from '../src/engine/host-model.ts';
import { claimOf } from '../src/engine/claim-of.ts';
import { decide, place } from '../src/engine/decide.ts';
import { readRequest } from '../src/engine/request/read-request.ts';
import type { Claim } from '../src/domain/claim.ts';
import type { Decision } from '../src/domain/decision.ts';
import type { Host } from '../src/domain/host.ts';
import type { PlacementRequest } from '../src/domain/placement-request.ts';
import { hostOf } from '../src/machines/host-of.ts';
import type { Machine } from '../src/machines/machine.ts';
import { median } from './kit/median.ts';

/** One case: hosts and requests that differ in every repetition, and the bound in µs on the reference machine. */
interface Case {
  readonly name: string;
  readonly host: Host;
  readonly request: (index: number) => PlacementRequest;
  readonly fits: boolean;
  /** µs at a scale of 1; null = shown only. */
  readonly bound: number | null;
}

/** Decisions in one run. */
const REPEATS = 400;
const RUNS = 5;
/** What the fixed loop takes on the machine that the bounds were set for, in ms (Node 20). */
const REFERENCE_LOOP_MS = 20;

/** A fixed integer loop, timed in the same process: how fast this machine is now. */
function loopMs(): number {
  const start = process.hrtime.bigint();
  let x = 1;
  for (let i = 0; i < 20_000_000; i += 1) x = (Math.imul(x, 1103515245) + 12345) | 0;
  if (x === 42) process.stdout.write('');
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function machine(cells: number, cpus: number, more: Partial<Machine> = {}): Machine {
  const sockets = cells > 4 ? 2 : 1;
  return {
    name: `m${cpus}`,
    sockets,
    cellsPerSocket: cells / sockets,
    coresPerCell: cpus / cells / 2,
    threadsPerCore: 2,
    coresPerCache: 8,
    memoryMiBPerCell: 262144,
    distances: { near: 12, far: 32 },
    ...more,
  };
}

function request(
  index: number,
  vcpus: number,
  extraSpecs: Readonly<Record<string, string>>,
): PlacementRequest {
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: `vm${index}`,
    vcpus,
    memoryMiB: vcpus * (128 + 8 * (index % 100)),
    extraSpecs: { 'hw:cpu_policy': 'dedicated', ...extraSpecs },
  };
}

/** The host with guests of these sizes started on it in turn until half of its CPUs are taken. */
function halfFull(host: Host): Host {
  let filled = host;
  const claims: Claim[] = [];
  let taken = 0;
  const total = host.topology.cells.reduce((sum, cell) => sum + 2 * cell.cores.length, 0);
  for (let i = 0; taken < total / 2; i += 1) {
    const model = buildHostModel(filled);
    const read = readRequest(request(i, [1, 3, 2, 5, 4][i % 5]!, {}));
    if (!read.ok) throw new Error(read.error.summary);
    const outcome = place(model, { ...read.spec, vm: `held${i}` });
    if (!outcome.ok) break;
    claims.push(claimOf(model, { placement: outcome.placement, spec: read.spec, source: 'observed' }));
    taken += read.spec.vcpus;
    filled = { ...host, claims: [...claims] };
  }
  return filled;
}

function cases(): Case[] {
  const pci = { vendor: '8086', product: '10ed' };
  const nic = Array.from({ length: 4 }, (_, i) => ({
    address: `0000:0${i}:00.0`,
    cell: i % 2,
    class: '020000',
    ...pci,
  }));
  const infeasible = (cells: number): Case => ({
    name: `infeasible 8-cell guest on ${cells} cells`,
    host: hostOf(machine(cells, cells * 16, { name: `inf${cells}`, sockets: 2, cellsPerSocket: cells / 2 })),
    request: i => request(i, 8 * 17, { 'hw:numa_nodes': '8' }),
    fits: false,
    bound: 1000,
  });
  return [
    {
      name: '8 vCPUs, 2 cells, 64 CPUs',
      host: halfFull(hostOf(machine(2, 64))),
      request: i => request(i, 8, {}),
      fits: true,
      bound: 25,
    },
    {
      name: '32 vCPUs on 2 of 4 cells, 256 CPUs',
      host: halfFull(hostOf(machine(4, 256))),
      request: i => request(i, 32, { 'hw:numa_nodes': '2' }),
      fits: true,
      bound: 60,
    },
    {
      name: '64 vCPUs on 8 of 8 cells, 512 CPUs, half full',
      host: halfFull(hostOf(machine(8, 512))),
      request: i => request(i, 64, { 'hw:numa_nodes': '8' }),
      fits: true,
      bound: 200,
    },
    infeasible(8),
    infeasible(10),
    infeasible(16),
    {
      name: 'impossible PCI wish, 4-cell guest on 8 cells',
      host: hostOf(machine(8, 128, { devices: nic })),
      request: i => ({
        ...request(i, 8, { 'hw:numa_nodes': '4' }),
        devices: [{ ...pci, count: 5, policy: 'required' }],
      }),
      fits: false,
      bound: 1000,
    },
    ...[64, 128, 256, 512, 1024].map(cpus => ({
      name: `growth: 8 vCPUs, ${cpus} CPUs`,
      host: halfFull(hostOf(machine(Math.max(2, cpus / 64), cpus))),
      request: (i: number) => request(i, 8, {}),
      fits: true,
      bound: null,
    })),
  ];
}

function timeRun(model: HostModel, each: Case, run: number): number {
  const requests = Array.from({ length: REPEATS }, (_, i) => each.request(run * REPEATS + i));
  const times: number[] = [];
  for (const asked of requests) {
    const start = process.hrtime.bigint();
    const decision: Decision = decide(model, asked);
    times.push(Number(process.hrtime.bigint() - start) / 1000);
    if (decision.fits !== each.fits)
      throw new Error(`${each.name}: ${JSON.stringify(decision).slice(0, 400)}`);
  }
  return median(times);
}

const scale = median([loopMs(), loopMs(), loopMs()]) / REFERENCE_LOOP_MS;
let failed = false;
process.stdout.write(`scale ${scale.toFixed(2)} (1 = the fixed loop takes ${REFERENCE_LOOP_MS} ms)\n`);
process.stdout.write('| case | model µs | decide µs | scaled | bound |\n| --- | --- | --- | --- | --- |\n');
for (const each of cases()) {
  const modelStart = process.hrtime.bigint();
  const models = Array.from({ length: 20 }, () => buildHostModel(each.host));
  const modelUs = Number(process.hrtime.bigint() - modelStart) / 20_000;
  const runs = Array.from({ length: RUNS + 1 }, (_, run) => timeRun(models[0]!, each, run)).slice(1);
  const us = median(runs);
  failed ||= each.bound !== null && us / scale > each.bound;
  process.stdout.write(
    `| ${each.name} | ${modelUs.toFixed(0)} | ${us.toFixed(1)} | ${(us / scale).toFixed(1)} | ${each.bound ?? ''} |\n`,
  );
}
process.exitCode = failed ? 1 : 0;
