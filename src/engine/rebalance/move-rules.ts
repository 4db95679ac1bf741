import type { RunningGuest } from '../running-host.ts';

/** What a rebalance may do to running guests. */
export interface MoveRules {
  /** Whether the threads of this guest may be pinned anew within its cells. */
  readonly mayRepin: (guest: RunningGuest) => boolean;
  /** Whether it may go to other cells, its memory with it; never asked of guests that hold devices. */
  readonly mayMove: (guest: RunningGuest) => boolean;
  /**
   * Whether the threads of a guest have to find an order in which none meets another; those that wait for each other's
   * CPU in a circle then need a free one to step aside.
   */
  readonly inOrder: boolean;
  /** Whether memory that moves needs pages which are free, also that of shared guests, whose start may overcommit them. */
  readonly needsPages: boolean;
  /** Memory that may be copied in all, MiB. */
  readonly mostMiB: number;
}

/** Whatever the model allows: what could be arranged if every guest could be moved. */
export const ANY_MOVE: MoveRules = {
  mayRepin: () => true,
  mayMove: () => true,
  inOrder: false,
  needsPages: false,
  mostMiB: Infinity,
};

/** What the user allows of it. */
export interface UsersLimits {
  /** The one guest that may be changed; absent = all. */
  readonly only?: string;
  readonly mostMiB?: number;
}

/**
 * What can be done to guests while they run: all may be pinned anew within their cells, but memory moves only with
 * guests of one cell. cpuset.mems holds one set for a whole process, so the cells of a guest with several would mix
 * (libvirt: no nodeset of a running domain but in mode restrictive, and then all guest cells go to the same set).
 */
export function liveRules({ only, mostMiB = Infinity }: UsersLimits = {}): MoveRules {
  const isMeant = (guest: RunningGuest) => only === undefined || guest.spec.vm === only;
  return {
    mayRepin: isMeant,
    mayMove: guest =>
      isMeant(guest) && guest.placement.cells.length === 1 && guest.placement.memoryMode === 'restrictive',
    inOrder: true,
    needsPages: true,
    mostMiB,
  };
}
