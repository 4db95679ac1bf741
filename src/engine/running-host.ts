import type { Claim } from '../domain/claim.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import type { HostTopology } from '../domain/host-topology.ts';
import { claimOf } from './claim-of.ts';
import { ClaimTally } from './claim-tally.ts';
import { placeSplit } from './decide.ts';
import { buildHostModel, updateHostModel, type HostModel } from './host-model.ts';
import type { NotPlaced } from './place.ts';
import { toPlacement } from './to-placement.ts';

/** A guest that runs, with everything needed to decide about it again. */
export interface RunningGuest {
  readonly spec: GuestSpec;
  readonly placement: Placement;
  readonly claim: Claim;
}

/** What a guest would get. */
export type Offer =
  | { readonly ok: true; readonly guest: RunningGuest }
  | { readonly ok: false; readonly not: NotPlaced };

/**
 * A host on which guests come, go and move. Claims that the host document already had belong to guests of which
 * nothing else is known: they can leave, but not move. Each change costs the work of the cells that it touches.
 */
export class RunningHost {
  readonly #tally: ClaimTally;
  readonly #claims: Map<string, Claim>;
  readonly #guests = new Map<string, RunningGuest>();
  readonly #touched = new Set<number>();
  #model: HostModel;

  /**
   * A host as its document says; names of claims must differ. Pages that are neither free nor claimed stay somebody else's: what is
   * free later follows from the claims.
   */
  constructor(host: Host) {
    const asRead = buildHostModel(host);
    this.#model = buildHostModel({ ...host, topology: withoutFree(host.topology) });
    this.#tally = new ClaimTally(this.#model.policy.online.highest);
    this.#claims = new Map(host.claims.map(claim => [claim.vm, claim]));
    for (const claim of host.claims) this.#tally.count(claim, 1);
    for (const { id, index, pools } of this.#model.cells) {
      pools.forEach(({ sizeKiB, available }, pool) => {
        const others = available - asRead.cells[index]!.pools[pool]!.available;
        if (others > 0) this.#tally.countPages(id, sizeKiB, others);
      });
      this.#touched.add(id);
    }
  }

  /** The guests that were admitted here and still run, in the order of their arrival. */
  get guests(): ReadonlyMap<string, RunningGuest> {
    return this.#guests;
  }

  /** All claims, in the order of arrival. */
  get claims(): readonly Claim[] {
    return [...this.#claims.values()];
  }

  /** The host as decisions see it now. */
  get model(): HostModel {
    if (this.#touched.size > 0) {
      const host = { ...this.#model.host, claims: this.claims };
      this.#model = updateHostModel(this.#model, {
        host,
        usage: this.#tally.usage(),
        touched: new Set(this.#touched),
      });
      this.#touched.clear();
    }
    return this.#model;
  }

  /** Whether a claim of this name is held. */
  has(vm: string): boolean {
    return this.#claims.has(vm);
  }

  /** Where the guest would go now; nothing changes. With `pack`, as under strategy pack. */
  offer(spec: GuestSpec, pack: boolean = this.#model.policy.pack): Offer {
    const model = packed(this.model, pack);
    const result = placeSplit(model, spec);
    if (!result.ok) return { ok: false, not: result.not };
    const placement = toPlacement(model, result.placed);
    const split = result.placed.guest.spec;
    return {
      ok: true,
      guest: { spec, placement, claim: claimOf(model, { placement, spec: split, source: 'observed' }) },
    };
  }

  /** Lets a guest run as offered; in place of what it held when it ran already. */
  put(guest: RunningGuest): void {
    const { vm } = guest.spec;
    this.#release(vm);
    this.#claims.set(vm, guest.claim);
    this.#guests.set(vm, guest);
    this.#count(guest.claim, 1);
  }

  /** Ends a guest; nothing when there is none of this name. */
  remove(vm: string): void {
    this.#release(vm);
    this.#claims.delete(vm);
    this.#guests.delete(vm);
  }

  /**
   * Calls `ask` as if the guest did not run, then lets it run on. Its place in the order of arrival stays.
   */
  without<Answer>(guest: RunningGuest, ask: () => Answer): Answer {
    this.#count(guest.claim, -1);
    try {
      return ask();
    } finally {
      this.#count(guest.claim, 1);
    }
  }

  #release(vm: string): void {
    const claim = this.#claims.get(vm);
    if (claim !== undefined) this.#count(claim, -1);
  }

  #count(claim: Claim, sign: 1 | -1): void {
    this.#tally.count(claim, sign);
    for (const cell of claim.cells) this.#touched.add(cell.hostCell);
    if ((claim.devices ?? []).length > 0) for (const cell of this.#model.cells) this.#touched.add(cell.id);
  }
}

function withoutFree(topology: HostTopology): HostTopology {
  const cells = topology.cells.map(cell => ({
    ...cell,
    pages: cell.pages.map(pool => ({ ...pool, free: null })),
  }));
  return { ...topology, cells };
}

function packed(model: HostModel, pack: boolean): HostModel {
  return model.policy.pack === pack ? model : { ...model, policy: { ...model.policy, pack } };
}
