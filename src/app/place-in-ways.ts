import { claimOf } from '../engine/claim-of.ts';
import { buildHostModel, type HostModel } from '../engine/host-model.ts';
import { placeSplit } from '../engine/place-split.ts';
import { carrierLimits } from '../engine/request/carrier-limits.ts';
import { readRequest } from '../engine/request/read-request.ts';
import { toPlacement } from '../engine/to-placement.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { ProcessId } from '../domain/ledger.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import type { PlacedEntry, Preparation, Start, Way } from './prepare-start.ts';

/**
 * A launch that takes longer than this before its QEMU is there has failed: QEMU is forked within seconds and fills its
 * memory afterwards, when the process can already be seen.
 */
export const LEASE_SECONDS = 600;

/** The reason's code where a guest does not fit on the host cells that its config binds. */
const SETTLED_CELLS = 'settled-cells-full';

/**
 * Places a guest on a host:
 *
 * 1. The first of its ways that fits counts.
 * 2. When none does, `strict` refuses with the last one's reason.
 * 3. Under `float` it is held to one cell, nothing exclusive, or starts without a placement where not even that fits. One
 *    whose memory is bound to host cells already starts without: held to others, its QEMU could not bind it (EINVAL).
 */
export async function placeInWays(host: Host, start: Start, owner: ProcessId): Promise<Preparation> {
  const model = buildHostModel(host);
  let not = { code: '', sentence: '' };
  for (const way of start.ways ?? [{ request: start.request }]) {
    const tried = tryOn(model, way, { start, owner });
    if (tried.kind !== 'not')
      return way.warning === undefined ? tried : { ...tried, warnings: [way.warning, ...tried.warnings] };
    not =
      way.whenNot !== undefined
        ? { code: SETTLED_CELLS, sentence: way.whenNot }
        : (tried.reason ?? (await whyNot(host, way.request)));
  }
  const { code, sentence } = not;
  if (start.onRefusal === 'strict') return { kind: 'refused', code, reason: sentence, warnings: [] };
  const warnings = [`${sentence} The VM starts without CPUs of its own, because its policy says float.`];
  if (isSettled(start.ways)) return { kind: 'unplaced', floatedFor: code, warnings };
  const floating = tryOn(model, { request: floatingRequest(start.request) }, { start, owner });
  return floating.kind === 'placed' || floating.kind === 'unplaced'
    ? { ...floating, floatedFor: code, warnings }
    : { kind: 'unplaced', floatedFor: code, warnings };
}

/** Whether a guest's config binds its memory to host cells, whatever is decided. */
export function isSettled(ways: readonly Way[] | undefined): boolean {
  return ways?.some(({ hostCells }) => hostCells !== undefined) ?? false;
}

/** The reason with all numbers and what would help; a start that fits pays nothing for it. */
async function whyNot(host: Host, request: PlacementRequest): Promise<Reason> {
  const { refusalSentence } = await import('./refusal-sentence.ts');
  return refusalSentence(host, request);
}

/** Why a way is none: the reason's code, and what is said. */
interface Reason {
  readonly code: string;
  readonly sentence: string;
}

/** `reason` null: to be asked for. */
interface NotThisWay {
  readonly kind: 'not';
  readonly reason: Reason | null;
}

function tryOn(
  model: HostModel,
  { request, hostCells, isQuestion }: Way,
  { start, owner }: { readonly start: Start; readonly owner: ProcessId },
): Preparation | NotThisWay {
  const read = readRequest(request);
  if (!read.ok) return { kind: 'not', reason: { code: read.error.code, sentence: read.error.summary } };
  const spec: GuestSpec = hostCells === undefined ? read.spec : { ...read.spec, hostCells };
  if (!spec.wantsPlacement) {
    const text = start.reshape(spec);
    return { kind: 'unplaced', ...(text === null ? {} : { text }), warnings: [] };
  }
  const isMatch = hostCells === undefined || hostCells.length === spec.cells.length;
  if (!isMatch || carrierLimits(spec).length > 0) return { kind: 'not', reason: null };
  const found = placeSplit(model, spec);
  if (!found.ok) return { kind: 'not', reason: null };
  const placement = toPlacement(model, found.placed);
  if (isQuestion === true) return { kind: 'elsewhere', placement, warnings: [] };
  const expires = Math.floor(Date.now() / 1000) + LEASE_SECONDS;
  const claim = claimOf(model, { placement, spec, source: 'leased', owner, expires });
  const entry: PlacedEntry = {
    vm: request.vm,
    claim,
    process: null,
    marker: start.marker,
    placement,
    foreign: null,
    request,
    ...(request === start.request ? {} : { wished: start.request }),
  };
  const asked = { request, ...(hostCells === undefined ? {} : { hostCells }) };
  return { kind: 'placed', text: start.rewrite(entry, spec), entry, asked, warnings: [] };
}

/** The same guest that only wants to stay within one cell, nothing exclusive. */
export function floatingRequest(request: PlacementRequest): PlacementRequest {
  return { ...request, extraSpecs: { 'pinfold:confine': 'cell' }, imageProperties: {} };
}
