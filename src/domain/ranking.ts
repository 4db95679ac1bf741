/** The nodes of a cluster ranked for one request: those where it fits, best first, then why not on the others. */
export interface Ranking {
  readonly kind: 'pinfold/ranking';
  readonly version: 1;
  readonly vm: string;
  readonly fits: readonly RankedNode[];
  readonly refused: readonly RefusedNode[];
  /** Nodes that did not answer, and what was heard instead. */
  readonly unreachable: readonly { readonly node: string; readonly reason: string }[];
}

/** A node on which the guest fits, with what it is ranked by. */
export interface RankedNode {
  readonly node: string;
  /** The host cells that it would get, by guest cell. */
  readonly hostCells: readonly number[];
  /** Sum of the distances of its devices beyond their own cell's. */
  readonly deviceDistance: number;
  /** Sum of the distances between all pairs of its cells, both ways. */
  readonly cellDistance: number;
  /** Whether an emulator pool CPU would have to be opened. */
  readonly newPoolCpu: boolean;
  /** Whole cores that it would break. */
  readonly brokenCores: number;
  /** Permille of the node's dedicated CPUs (three parts) and memory (one part) in use before it comes. */
  readonly load: number;
  /** Free dedicated CPUs of the fullest cell on which the guest still fits: the less, the larger the holes elsewhere. */
  readonly freeCpus: number;
}

/** A node on which the guest does not fit. */
export interface RefusedNode {
  readonly node: string;
  /** A refusal's code, or that of what is wrong with the node's policy. */
  readonly code: string;
  readonly summary: string;
}
