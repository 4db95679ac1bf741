import type { Decision, Placement, Refusal } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { hintFor } from './hint.ts';
import type { HostModel } from './host-model.ts';
import { placeSplit } from './place-split.ts';
import { refuse } from './refuse.ts';
import { carrierLimits } from './request/carrier-limits.ts';
import { readRequest } from './request/read-request.ts';
import { toPlacement } from './to-placement.ts';
import { why } from './why.ts';

export { placeSplit };

/** A valid guest placed or refused. */
export type Outcome =
  | { readonly ok: true; readonly placement: Placement; readonly why: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Decides a request: reads its options, places the guest, and writes the document. `hostCells`: the host cells that each
 * guest cell is held to, where those are settled already.
 */
export function decide(
  model: HostModel,
  request: PlacementRequest,
  hostCells?: readonly (readonly number[])[],
): Decision {
  const head = { kind: 'pinfold/decision', version: 1, vm: request.vm } as const;
  const read = readRequest(request);
  if (!read.ok) return { ...head, fits: false, error: read.error };
  const spec: GuestSpec = hostCells === undefined ? read.spec : { ...read.spec, hostCells };
  if (!spec.wantsPlacement)
    return {
      ...head,
      fits: true,
      placement: null,
      why: ['The request asks for no placement.', ...spec.notes],
    };
  const outcome = place(model, spec);
  if (!outcome.ok) return { ...head, fits: false, refusal: outcome.refusal };
  return { ...head, fits: true, placement: outcome.placement, why: outcome.why };
}

/** Places a guest whose options are read: the best placement, or why there is none and what would fit. */
export function place(model: HostModel, spec: GuestSpec): Outcome {
  const limit = spec.carrier === 'proxmox' ? carrierLimits(spec)[0] : undefined;
  if (limit !== undefined)
    return { ok: false, refusal: { code: 'carrier-cannot', summary: limit.summary, cells: [] } };
  const result = placeSplit(model, spec);
  if (result.ok) {
    const placement = toPlacement(model, result.placed);
    return {
      ok: true,
      placement,
      // Worked out when it is read: a start never does.
      get why() {
        return why(model, result.placed, placement);
      },
    };
  }
  const refusal = refuse(model, result.not);
  const hint = hintFor(model, spec);
  return { ok: false, refusal: hint === null ? refusal : { ...refusal, hint: hint.text } };
}
