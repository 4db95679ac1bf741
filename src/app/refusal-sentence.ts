import { decide } from '../engine/decide.ts';
import { buildHostModel } from '../engine/host-model.ts';
import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';

/** Why a request does not fit on a host and what would help, for `import()`: only a start that is refused needs it. */
export function refusalSentence(host: Host, request: PlacementRequest): string {
  const decision = decide(buildHostModel(host), request);
  if ('error' in decision) return decision.error.summary;
  if (!('refusal' in decision)) return `VM ${request.vm} does not fit in the shape that it has.`;
  const { summary, hint } = decision.refusal;
  return hint === undefined ? summary : `${summary} ${hint}`;
}
