import { decide } from '../engine/decide.ts';
import { buildHostModel } from '../engine/host-model.ts';
import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';

/** Why a request does not fit on a host, with the reason's code, and what would help, for `import()`: only a start that is refused needs it. */
export function refusalSentence(
  host: Host,
  request: PlacementRequest,
): { readonly code: string; readonly sentence: string } {
  const decision = decide(buildHostModel(host), request);
  if ('error' in decision) return { code: decision.error.code, sentence: decision.error.summary };
  if (!('refusal' in decision))
    return {
      code: 'shape-does-not-fit',
      sentence: `VM ${request.vm} does not fit in the shape that it has.`,
    };
  const { code, summary, hint } = decision.refusal;
  return { code, sentence: hint === undefined ? summary : `${summary} ${hint}` };
}
