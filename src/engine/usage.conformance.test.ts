import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Claim } from '../domain/claim.ts';
import type { Host } from '../domain/host.ts';
import {
  hostOfVector,
  readVectors,
  requestOfVector,
  type NovaCell,
  type NovaVector,
} from '../testing/nova-vectors.ts';
import { claimOf } from './claim-of.ts';
import { place } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { readRequest } from './request/read-request.ts';

interface CellAfter {
  readonly id: number;
  readonly cpu_usage: number;
  readonly memory_usage: number;
  readonly pinned_cpus: string;
  readonly mempages_used: Readonly<Record<string, number>>;
}

interface RoundTrip extends NovaVector {
  readonly expect: NovaVector['expect'] & {
    readonly after_claim: readonly CellAfter[];
    readonly after_free: readonly CellAfter[];
  };
}

interface Operations {
  readonly id: string;
  readonly cell: NovaCell;
  readonly ops: readonly (readonly [string, string])[];
  readonly expect: readonly { readonly ok?: boolean; readonly error?: string; readonly pinned: string }[];
}

const all = readVectors('vectors-usage.json') as readonly (RoundTrip | Operations)[];
/** Four shared vCPUs on three CPUs that nobody holds: Nova floats them over pinned CPUs, we refuse on purpose. */
const FLOATS_OVER_DEDICATED = 'usage-rt-25';
const roundTrips = all.filter(
  (vector): vector is RoundTrip => 'host' in vector && vector.id !== FLOATS_OVER_DEDICATED,
);
const operations = all.filter((vector): vector is Operations => 'ops' in vector);

/** Totals over the cells: which cell is taken is a matter of choice, how much is not. */
function totals(cells: readonly CellAfter[]) {
  const sum = (value: (cell: CellAfter) => number) => cells.reduce((total, cell) => total + value(cell), 0);
  const pages: Record<string, number> = {};
  for (const cell of cells)
    for (const [size, used] of Object.entries(cell.mempages_used)) pages[size] = (pages[size] ?? 0) + used;
  return {
    shared: sum(cell => cell.cpu_usage),
    memory: sum(cell => cell.memory_usage),
    pinned: sum(cell => parseCpuList(cell.pinned_cpus).size),
    pages,
  };
}

function cellsOf(host: Host): CellAfter[] {
  return host.topology.cells.map(cell => {
    const held = host.claims.flatMap(claim => claim.cells).filter(claim => claim.hostCell === cell.id);
    const base = cell.pages[0]!.sizeKiB;
    const used = Object.fromEntries(
      cell.pages.map(pool => [
        pool.sizeKiB,
        held
          .filter(claim => (claim.pageSizeKiB ?? base) === pool.sizeKiB)
          .reduce((sum, claim) => sum + claim.pages, 0),
      ]),
    );
    return {
      id: cell.id,
      cpu_usage: held.reduce((sum, claim) => sum + claim.sharedVcpus, 0),
      memory_usage: held.reduce((sum, claim) => sum + claim.memoryMiB, 0),
      pinned_cpus: CpuSet.union(held.map(claim => parseCpuList(claim.pcpus))).toString(),
      mempages_used: used,
    };
  });
}

test.each(roundTrips)('$id: a claim takes as much as Nova counts, and its release gives it back', vector => {
  const host = hostOfVector(vector.host);
  const read = readRequest(requestOfVector(vector));
  if (!read.ok) throw new Error(read.error.summary);
  const model = buildHostModel(host);
  const outcome = place(model, read.spec);
  if (!outcome.ok) throw new Error(outcome.refusal.summary);
  const claim = claimOf(model, { placement: outcome.placement, spec: read.spec, source: 'observed' });
  const after = { ...host, claims: [...host.claims, claim] };
  expect(totals(cellsOf(after))).toEqual(totals(vector.expect.after_claim));
  const freed = { ...after, claims: after.claims.filter(other => other !== claim) };
  expect(cellsOf(freed).map(cell => [cell.id, cell.pinned_cpus])).toEqual(
    vector.expect.after_free.map(cell => [cell.id, cell.pinned_cpus]),
  );
});

/** The CPUs that an operation names, with their siblings where Nova's name says so. */
function named(vector: Operations, [operation, list]: readonly [string, string]): CpuSet {
  const cpus = parseCpuList(list);
  if (!operation.endsWith('with_siblings')) return cpus;
  return CpuSet.union([
    cpus,
    ...vector.cell.siblings.map(core => CpuSet.of(core)).filter(core => core.intersects(cpus)),
  ]);
}

test.each(operations)('$id: pinned CPUs are the ones that no guest is offered', vector => {
  const host = hostOfVector({ cells: [vector.cell] });
  let pinned = parseCpuList(vector.cell.pinned_cpus);
  vector.ops.forEach((operation, index) => {
    const expected = vector.expect[index]!;
    const cpus = named(vector, operation);
    if (expected.error === undefined)
      pinned = operation[0].startsWith('un') ? pinned.minus(cpus) : pinned.union(cpus);
    expect(pinned.toString()).toBe(expected.pinned);
    const claim: Claim = {
      ...host.claims[0]!,
      cells: [{ ...host.claims[0]!.cells[0]!, pcpus: pinned.toString() }],
    };
    const { cores } = buildHostModel({ ...host, claims: [claim] }).cells[0]!;
    const offered = CpuSet.of(cores.threads.subarray(0, cores.freeTotal));
    expect(offered.toString()).toBe(parseCpuList(vector.cell.pcpuset).minus(pinned).toString());
    if (expected.error !== undefined && operation[0].startsWith('pin'))
      expect(cpus.isSubsetOf(offered)).toBe(false);
  });
});

test(`${FLOATS_OVER_DEDICATED}: what Nova floats over pinned CPUs floats over the others`, () => {
  const vector = all.find(candidate => candidate.id === FLOATS_OVER_DEDICATED) as RoundTrip;
  const read = readRequest(requestOfVector(vector));
  if (!read.ok) throw new Error(read.error.summary);
  const outcome = place(buildHostModel(hostOfVector(vector.host)), read.spec);
  const pinned = CpuSet.union(vector.host.cells.map(cell => parseCpuList(cell.pinned_cpus)));
  expect(pinned.isEmpty).toBe(false);
  const floating = outcome.ok ? Object.values(outcome.placement.pins).map(parseCpuList) : [];
  expect(floating).not.toEqual([]);
  for (const set of floating) expect([set.isEmpty, set.intersects(pinned)]).toEqual([false, false]);
});
