import type { ExplainedPair, Explanation, PairScore } from '../domain/explanation.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import type { Constraint } from '../domain/refusal-codes.ts';
import { fitCell } from './cell-fit.ts';
import { CONSTRAINT_WORDS } from './constraint-words.ts';
import type { HostModel } from './host-model.ts';
import { decide, placeSplit } from './decide.ts';
import type { PlaceResult } from './place.ts';
import type { Missing } from './place-memory.ts';
import { readRequest } from './request/read-request.ts';
import { costParts } from './score.ts';

/**
 * Explains a request on a host: the decision, and beside it each guest cell on each host cell.
 *
 * 1. The request is decided as always.
 * 2. The same search is asked for its table; each pair tells its score, or the narrowest limit that it misses.
 * 3. Of a guest that automatic cells split, the cells of the split are shown; when none fits, the guest as it is.
 *
 * `hostCells`: the host cells that each guest cell is held to, where those are settled already.
 */
export function explain(
  model: HostModel,
  request: PlacementRequest,
  hostCells?: readonly (readonly number[])[],
): Explanation {
  const decision = decide(model, request, hostCells);
  const head = { kind: 'pinfold/explanation', version: 1, vm: request.vm, decision } as const;
  const read = readRequest(request);
  if (!read.ok || !read.spec.wantsPlacement) return { ...head, pairs: [] };
  if (!decision.fits && 'refusal' in decision && decision.refusal.code === 'carrier-cannot')
    return { ...head, pairs: [] };
  return {
    ...head,
    pairs: explainPairs(model, hostCells === undefined ? read.spec : { ...read.spec, hostCells }),
  };
}

/** Of a guest cell that is held to other host cells already. */
const BOUND_ELSEWHERE = {
  state: 'impossible',
  constraint: 'allowed-cells',
  needed: 1,
  available: 0,
  words: 'is bound to other host cells by its config',
} as const;

function explainPairs(model: HostModel, spec: GuestSpec): ExplainedPair[] {
  const result = placeSplit(model, spec);
  const { guest } = result.ok ? result.placed : result.not;
  const missing: Missing = { constraint: 'memory', needed: 0, available: 0 };
  return guest.cells.flatMap((need, row) =>
    model.cells.map(cell => {
      const at = { guestCell: guest.spec.cells[row]!.id, hostCell: cell.id };
      const bound = spec.hostCells?.[row] ?? null;
      if (bound !== null && !bound.includes(cell.id)) return { ...at, ...BOUND_ELSEWHERE };
      const carrier = carries(result, row);
      const cost = fitCell(model, cell, {
        guest,
        need,
        carrier,
        scratch: model.scratch,
        missing,
        explain: true,
      });
      if (cost === Infinity) return { ...at, ...lacking(missing, cell.id) };
      const chosen = result.ok && result.placed.found.hosts[row] === cell.index;
      return {
        ...at,
        state: chosen ? ('chosen' as const) : ('possible' as const),
        score: scoreOf(model, { cost, column: cell.index, row, result }),
      };
    }),
  );
}

/** Whether this guest cell brings the CPUs of emulator and iothreads; of a refused guest the first is asked for them. */
function carries(result: PlaceResult, row: number): boolean {
  return result.ok ? result.placed.carrier === row : result.not.carries && row === 0;
}

function lacking({ constraint, needed, available }: Missing, hostCell: number) {
  const words = CONSTRAINT_WORDS[constraint satisfies Constraint](needed, available, hostCell);
  return { state: 'impossible' as const, constraint, needed, available, words };
}

function scoreOf(
  model: HostModel,
  at: { readonly cost: number; readonly column: number; readonly row: number; readonly result: PlaceResult },
): PairScore {
  const parts = costParts(at.cost, model.policy.pack);
  const others = at.result.ok ? at.result.placed.found.hosts.filter((_, row) => row !== at.row) : [];
  const sum = others.reduce(
    (total, other) => total + model.distances[at.column * model.cells.length + other]!,
    0,
  );
  return {
    distance: others.length === 0 ? 0 : Math.round(sum / others.length),
    newPoolCpu: parts.newPoolCpu,
    load: parts.balance,
    cacheDomains: parts.domains,
    memory: parts.memory,
    guests: parts.guests,
    brokenCores: parts.brokenCores,
    cpusLeft: parts.hole,
  };
}
