import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { Host } from '../../domain/host.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { claimOf } from '../../engine/claim-of.ts';
import { place } from '../../engine/decide.ts';
import { buildHostModel, type HostModel } from '../../engine/host-model.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import { confirmed } from '../collect-garbage.ts';
import type { Asked } from '../prepare-start.ts';
import { isGuestMemory } from './find-memory.ts';
import { hostWithout } from './host-without.ts';
import type { SeenGuest } from './observed.ts';
import { heldCpus } from './wanted-placement.ts';

type PlacedEntry = LedgerEntry & { readonly placement: Placement };

/** Where a running guest goes, or why it stays as it is (the end of a sentence). */
export type RunningPlacement =
  | {
      readonly entry: PlacedEntry;
      /** With what that was decided; absent where it was decided before. */
      readonly asked?: Asked;
    }
  | { readonly why: string };

/**
 * Places a guest that runs already:
 *
 * 1. Where it was before, when that is known, as long as nobody else holds any of it and it has as many vCPUs.
 * 2. Else by a decision for its request, on the host without it and its memory; on a cell that can take all of that,
 *    where one also has the CPUs.
 *
 * What only a start can make true is left to one: more guest cells than one, pages that the guest's memory is not made of,
 * and realtime vCPUs.
 */
export function placeRunning(
  guest: SeenGuest,
  wish: { readonly request: PlacementRequest | null; readonly kept: LedgerEntry | null },
  host: Host,
): RunningPlacement {
  const others = hostWithout(guest, host);
  const vcpus = guest.threads.filter(({ role }) => role === 'vcpu').length;
  const kept = wish.kept === null ? null : reused(wish.kept, { guest, vcpus, others });
  if (kept !== null) return { entry: kept };
  if (wish.request === null) return { why: 'nobody noted what it asked for: stop it and start it again' };
  const read = readRequest({ ...wish.request, vm: guest.vm, vcpus });
  if (!read.ok)
    return {
      why: `its request is not valid any more (${withoutStop(read.error.summary)}): correct it, then start the guest again`,
    };
  const model = buildHostModel(others);
  const roomy = place(model, withRoomToCopy(read.spec, model, guest));
  const outcome = roomy.ok ? roomy : place(model, read.spec);
  if (!outcome.ok) return { why: withoutStop(outcome.refusal.summary) };
  const { placement } = outcome;
  const barrier = needsStart(placement, guest);
  if (barrier !== null) return { why: barrier };
  const claim = { ...claimOf(model, { placement, spec: read.spec, source: 'observed' }), vm: guest.vm };
  return {
    entry: {
      vm: guest.vm,
      claim,
      process: guest.process,
      marker: null,
      placement,
      foreign: null,
      request: wish.request,
    },
    asked: { request: { ...wish.request, vm: guest.vm, vcpus }, host: others },
  };
}

/**
 * A start of a shared guest may overcommit the memory of a cell; one that runs must be copied there page by page. The guest held to
 * the cells that can take it, or on which all of it lies; unchanged where there is none.
 */
function withRoomToCopy(spec: GuestSpec, model: HostModel, { memory }: SeenGuest): GuestSpec {
  if (spec.cells.length > 1 || spec.pageSize !== null) return spec;
  const able = model.cells
    .filter(
      ({ id, baseFreeMiB }) =>
        baseFreeMiB >= spec.memoryMiB || !isGuestMemory(memory.filter(({ cell }) => cell !== id)),
    )
    .map(({ id }) => id)
    .filter(id => spec.allowedCells?.includes(id) ?? true);
  return able.length === 0 ? spec : { ...spec, allowedCells: able };
}

function reused(
  kept: LedgerEntry,
  at: { readonly guest: SeenGuest; readonly vcpus: number; readonly others: Host },
): PlacedEntry | null {
  const { placement } = kept;
  if (placement === null || Object.keys(placement.pins).length !== at.vcpus) return null;
  const taken = buildHostModel(at.others).usage.cpus;
  const online = CpuSet.union(buildHostModel(at.others).cells.map(({ cpus }) => cpus));
  const held = heldCpus(kept);
  if (held.minus(poolCpus(kept)).intersects(taken) || !held.isSubsetOf(online)) return null;
  return { ...confirmed(kept, at.guest.process), placement };
}

/** Several guests may hold the CPU of their isolated emulator threads. */
function poolCpus({ claim, placement }: LedgerEntry): CpuSet {
  if (claim.emulator?.policy !== 'isolate' || placement === null) return CpuSet.EMPTY;
  return CpuSet.of(claim.emulator.cpus.split(',').map(Number).filter(Number.isInteger));
}

function needsStart(placement: Placement, guest: SeenGuest): string | null {
  const pages = placement.cells[0]?.pageSizeKiB ?? null;
  const isPooled = guest.memory.some(({ huge }) => huge);
  if (placement.cells.length > 1)
    return `its ${placement.cells.length} guest cells get their host cells only at a start: stop it and start it again`;
  if (pages !== null && pages > 64 && !isPooled)
    return `its memory is not made of ${pages} KiB pages, which only a start changes: stop it and start it again`;
  if (placement.realtime !== null)
    return 'realtime vCPUs get their priority only at a start: stop it and start it again';
  return null;
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
