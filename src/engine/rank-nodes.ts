import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import type { RankedNode, Ranking, RefusedNode } from '../domain/ranking.ts';
import type { RequestError } from '../domain/decision.ts';
import { placeSplit } from './decide.ts';
import { buildHostModel, type HostModel } from './host-model.ts';
import type { Placed } from './place.ts';
import { refuse } from './refuse.ts';
import { carrierLimits } from './request/carrier-limits.ts';
import { checkPolicy } from './request/check-policy.ts';
import { readRequest } from './request/read-request.ts';
import { costParts } from './score.ts';

/** What the nodes of a cluster are preferred by: `spread` the emptiest first, `pack` the fullest that fits. */
export type Preference = 'spread' | 'pack';

/** A ranking, or why the request is none. */
export type RankResult =
  | { readonly ok: true; readonly ranking: Omit<Ranking, 'unreachable'> }
  | { readonly ok: false; readonly error: RequestError };

/**
 * Ranks nodes for a request.
 *
 * 1. The request is read once; each node is asked where the guest would go, as a start there would.
 * 2. Nodes where it fits are sorted by (device distance, cell distance, new pool CPU, whole cores broken, load under the
 *    preference, name); the others by name, with the reason of each.
 */
export function rankNodes(
  nodes: Iterable<{ readonly node: string; readonly host: Host }>,
  request: PlacementRequest,
  preference: Preference,
): RankResult {
  const read = readRequest(request);
  if (!read.ok) return { ok: false, error: read.error };
  const fits: RankedNode[] = [];
  const refused: RefusedNode[] = [];
  for (const { node, host } of nodes) {
    const answer = askNode(node, host, read.spec);
    if ('code' in answer) refused.push(answer);
    else fits.push(answer);
  }
  const sign = preference === 'spread' ? 1 : -1;
  fits.sort(
    (a, b) =>
      a.deviceDistance - b.deviceDistance ||
      a.cellDistance - b.cellDistance ||
      Number(a.newPoolCpu) - Number(b.newPoolCpu) ||
      a.brokenCores - b.brokenCores ||
      sign * (a.load - b.load) ||
      byName(a, b),
  );
  refused.sort(byName);
  return { ok: true, ranking: { kind: 'pinfold/ranking', version: 1, vm: request.vm, fits, refused } };
}

function byName(a: { readonly node: string }, b: { readonly node: string }): number {
  return a.node < b.node ? -1 : a.node > b.node ? 1 : 0;
}

function askNode(node: string, host: Host, spec: GuestSpec): RankedNode | RefusedNode {
  const [fault] = checkPolicy(host);
  if (fault !== undefined) return { node, code: fault.code, summary: fault.summary };
  const model = buildHostModel(host);
  if (!spec.wantsPlacement) return ranked(node, model, null);
  const limit = spec.carrier === 'proxmox' ? carrierLimits(spec)[0] : undefined;
  if (limit !== undefined) return { node, code: 'carrier-cannot', summary: limit.summary };
  const result = placeSplit(model, spec);
  if (result.ok) return ranked(node, model, result.placed);
  const { code, summary } = refuse(model, result.not);
  return { node, code, summary };
}

function ranked(node: string, model: HostModel, placed: Placed | null): RankedNode {
  const hosts = placed?.found.hosts ?? [];
  // A sum of several pairs has no parts of its own; what it breaks is then left to the load.
  const parts =
    placed !== null && hosts.length === 1 ? costParts(placed.found.cost, model.policy.pack) : null;
  return {
    node,
    hostCells: hosts.map(host => model.cells[host]!.id),
    deviceDistance: placed?.found.deviceDistance ?? 0,
    cellDistance: placed?.found.span ?? 0,
    newPoolCpu: (parts?.newPoolCpu ?? 0) > 0,
    brokenCores: parts?.brokenCores ?? 0,
    load: loadOf(model),
    freeCpus: Math.min(
      ...(hosts.length === 0 ? model.cells.map(cell => cell.index) : hosts).map(
        host => model.cells[host]!.cores.freeTotal,
      ),
    ),
  };
}

/** Permille in use: three parts dedicated CPUs, one part memory, as the score of a cell has it. */
function loadOf(model: HostModel): number {
  const sum = { all: 0, free: 0, memoryMiB: 0, claimedMiB: 0 };
  for (const cell of model.cells) {
    sum.all += cell.dedicatedTotal;
    sum.free += cell.cores.freeTotal;
    sum.memoryMiB += cell.memoryMiB ?? 0;
    sum.claimedMiB += cell.claimedMiB;
  }
  const cpus = sum.all === 0 ? 1 : 1 - sum.free / sum.all;
  const memory = sum.memoryMiB === 0 ? 0 : Math.min(1, sum.claimedMiB / sum.memoryMiB);
  return Math.round(((3 * cpus + memory) / 4) * 1000);
}
