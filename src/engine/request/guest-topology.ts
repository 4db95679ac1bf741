import type { GuestTopologyWish } from '../../domain/guest-spec.ts';

/** Sockets, cores per socket and threads per core that a guest is told; their product is its vCPUs. */
export interface GuestTopology {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/** What the placement says about the guest's shape: how its vCPUs sit on real cores. */
export interface PlacedShape {
  /** Threads that the guest holds of each of its cores; 1 when it does not hold whole cores. */
  readonly threadsPerCore: number;
  /** In how many sockets the guest should see itself, usually one per guest cell. */
  readonly sockets: number;
}

/**
 * The topology that a guest is told, or null when no sockets × cores × threads within the limits make its
 * vCPUs.
 *
 * 1. Where a preference is stated, it is followed as in Nova; where none is and the placement is known with more
 *    than one thread per core, the placed shape is the preference, its threads before its sockets.
 * 2. Of all possible topologies the one with the most equal numbers wins (a preference is a hint).
 *
 * Sort keys: (placed shape only: equal threads first,) number of parts equal to the preference, descending; then
 * threads ascending; then sockets descending.
 */
export function chooseGuestTopology(
  vcpus: number,
  wish: GuestTopologyWish,
  placed: PlacedShape | null = null,
): GuestTopology | null {
  const stated = wish.preferred.sockets ?? wish.preferred.cores ?? wish.preferred.threads;
  const follow = stated === null && placed !== null && placed.threadsPerCore > 1 ? placed : null;
  const wanted =
    follow === null
      ? wish.preferred
      : { sockets: follow.sockets, cores: null, threads: follow.threadsPerCore };
  let best: GuestTopology | null = null;
  let bestScore = -1;
  for (const topology of possibleTopologies(vcpus, wish.maximum)) {
    const score =
      (topology.threads === wanted.threads ? (follow === null ? 1 : 3) : 0) +
      (topology.sockets === wanted.sockets ? 1 : 0) +
      (topology.cores === wanted.cores ? 1 : 0);
    if (score > bestScore) [best, bestScore] = [topology, score];
    if (stated === null && follow === null) break;
  }
  return best;
}

/** Every topology within the limits, threads ascending, then sockets descending. */
function* possibleTopologies(vcpus: number, maximum: GuestTopologyWish['maximum']): Generator<GuestTopology> {
  const most = (limit: number | null) => Math.min(vcpus, limit ?? vcpus);
  for (let threads = 1; threads <= most(maximum.threads); threads += 1) {
    if (vcpus % threads !== 0) continue;
    const rest = vcpus / threads;
    for (let sockets = Math.min(rest, most(maximum.sockets)); sockets >= 1; sockets -= 1) {
      if (rest % sockets === 0 && rest / sockets <= most(maximum.cores))
        yield { sockets, cores: rest / sockets, threads };
    }
  }
}
