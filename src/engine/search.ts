import { assignCells } from './assign-cells.ts';
import type { HostModel } from './host-model.ts';
import { placeDevices, type DeviceDemand, type DevicesFound } from './place-devices.ts';

/** A question of the search: which host cells for which guest cells. */
export interface SearchInput {
  readonly model: HostModel;
  /** Packed costs by guest cell (row) and host cell (column), Infinity where a pair does not fit. */
  readonly costs: Float64Array;
  readonly rows: number;
  readonly demands: readonly DeviceDemand[];
  /** Any assignment will do: the question is only whether there is one. */
  readonly anyWill?: boolean;
}

/** One complete assignment and its score, compared in the order of the fields. */
export interface Found {
  readonly deviceDistance: number;
  /** Sum of the distances between all pairs of cells, both ways. */
  readonly span: number;
  /** Sum of the packed pair costs. */
  readonly cost: number;
  /** Index of the host cell of each guest cell. */
  readonly hosts: readonly number[];
  readonly devices: readonly string[];
}

/** The best assignment and the next best that the search met; null when nothing fits. */
export interface SearchResult {
  readonly best: Found;
  readonly runnerUp: Found | null;
}

/** Sets of cells that are still scored once a solution is known: 16 cells choose 4 and more (1820). */
const SET_BUDGET = 2000;

/** Negative when `left` is the better one. */
export function compareFound(left: Found, right: Found): number {
  return left.deviceDistance - right.deviceDistance || left.span - right.span || left.cost - right.cost;
}

/**
 * Finds the best assignment by (device distance, distance between the cells, pair costs).
 *
 * 1. One guest cell: every host cell is scored.
 * 2. All distances equal, or as many host cells as guest cells, and no devices: the pair costs alone decide; one
 *    cheapest assignment answers.
 * 3. Otherwise sets of host cells are walked in ascending order; a branch is cut when the distance of its cells
 *    plus the least that the missing ones add is no better than the best known. Each set left is one cheapest
 *    assignment. After SET_BUDGET sets the best so far stands; without a solution the walk always goes on, so
 *    that the question whether anything fits is answered exactly.
 * Ties: the set of host cells found first, and on it guest cells in order ({@link inOrder}).
 */
export function searchBest(input: SearchInput): SearchResult | null {
  if (input.rows === 1) return searchSingle(input);
  const { model, costs, rows, demands } = input;
  const n = model.cells.length;
  const open = new Uint8Array(n);
  let usable = 0;
  for (let column = 0; column < n; column += 1) {
    for (let row = 0; row < rows; row += 1) if (costs[row * n + column] !== Infinity) open[column] = 1;
    usable += open[column]!;
  }
  if (usable < rows) return null;
  if (usable === rows || (model.evenDistances && demands.length === 0)) {
    const best = seat(input, open);
    return best === null ? null : { best, runnerUp: null };
  }
  if (assignCells(costs, { rows, columns: n }, open) === null) return null;
  return new SetWalk(input, open).run();
}

function searchSingle({ model, costs, demands }: SearchInput): SearchResult | null {
  let best: Found | null = null;
  let runnerUp: Found | null = null;
  for (let column = 0; column < model.cells.length; column += 1) {
    const cost = costs[column]!;
    if (cost === Infinity) continue;
    const devices = demands.length === 0 ? NO_DEVICES : placeDevices(model, demands, [column]);
    if (devices === null) continue;
    const found = {
      deviceDistance: devices.distance,
      span: 0,
      cost,
      hosts: [column],
      devices: devices.addresses,
    };
    if (best === null || compareFound(found, best) < 0) [best, runnerUp] = [found, best];
    else if (runnerUp === null || compareFound(found, runnerUp) < 0) runnerUp = found;
  }
  return best === null ? null : { best, runnerUp };
}

const NO_DEVICES: DevicesFound = { distance: 0, addresses: [] };

/** The cheapest assignment onto the open columns, or null. */
function seat({ model, costs, rows, demands }: SearchInput, open: Uint8Array): Found | null {
  const n = model.cells.length;
  const columns = assignCells(costs, { rows, columns: n }, open);
  if (columns === null) return null;
  const hosts = inOrder(Array.from(columns), costs, n);
  const devices = demands.length === 0 ? NO_DEVICES : placeDevices(model, demands, hosts);
  if (devices === null) return null;
  let cost = 0;
  let span = 0;
  for (let row = 0; row < rows; row += 1) {
    cost += costs[row * n + hosts[row]!]!;
    for (let other = 0; other < rows; other += 1)
      if (other !== row) span += model.distances[hosts[row]! * n + hosts[other]!]!;
  }
  return { deviceDistance: devices.distance, span, cost, hosts, devices: devices.addresses };
}

/**
 * Guest cells that may change places at the same cost stand in ascending order: of two such, the first is on the lower host
 * cell. Sorts `hosts` itself, by exchanges of a later row for each earlier one.
 */
function inOrder(hosts: number[], costs: Float64Array, n: number): number[] {
  for (let row = 0; row < hosts.length; row += 1) {
    for (let later = row + 1; later < hosts.length; later += 1) {
      const [mine, other] = [hosts[row]!, hosts[later]!];
      if (other > mine) continue;
      const now = costs[row * n + mine]! + costs[later * n + other]!;
      if (costs[row * n + other]! + costs[later * n + mine]! > now) continue;
      hosts[row] = other;
      hosts[later] = mine;
    }
  }
  return hosts;
}

/** Walks the sets of `rows` open columns in ascending order. */
class SetWalk {
  readonly #input: SearchInput;
  readonly #columns: number[];
  readonly #chosen: Uint8Array;
  readonly #list: number[] = [];
  readonly #leastPair: number;
  readonly #leastDevices: number;
  #best: Found | null = null;
  #runnerUp: Found | null = null;
  #sets = 0;

  constructor(input: SearchInput, open: Uint8Array) {
    const { model, demands } = input;
    const n = model.cells.length;
    this.#input = input;
    this.#columns = [...open.keys()].filter(column => open[column] === 1);
    this.#chosen = new Uint8Array(n);
    let least = Infinity;
    for (const i of this.#columns)
      for (const j of this.#columns)
        if (i !== j) least = Math.min(least, model.distances[i * n + j]! + model.distances[j * n + i]!);
    this.#leastPair = least;
    const all = demands.length === 0 ? NO_DEVICES : placeDevices(model, demands, this.#columns);
    this.#leastDevices = all === null ? Infinity : all.distance;
  }

  run(): SearchResult | null {
    if (this.#leastDevices < Infinity) this.#extend(0, 0);
    return this.#best === null ? null : { best: this.#best, runnerUp: this.#runnerUp };
  }

  #extend(from: number, span: number): void {
    const missing = this.#input.rows - this.#list.length;
    if (missing === 0) {
      this.#score();
      return;
    }
    const n = this.#input.model.cells.length;
    for (let at = from; at <= this.#columns.length - missing; at += 1) {
      const column = this.#columns[at]!;
      let wider = span;
      for (const other of this.#list)
        wider +=
          this.#input.model.distances[column * n + other]! + this.#input.model.distances[other * n + column]!;
      if (this.#isHopeless(wider, missing - 1)) continue;
      this.#list.push(column);
      this.#chosen[column] = 1;
      this.#extend(at + 1, wider);
      this.#list.pop();
      this.#chosen[column] = 0;
    }
  }

  #isHopeless(span: number, missing: number): boolean {
    if (this.#best === null) return false;
    if (this.#sets >= SET_BUDGET || this.#input.anyWill === true) return true;
    const have = this.#input.rows - missing;
    const pairs = missing * have + (missing * (missing - 1)) / 2;
    return (
      this.#best.deviceDistance === this.#leastDevices && span + pairs * this.#leastPair > this.#best.span
    );
  }

  #score(): void {
    this.#sets += 1;
    const found = seat(this.#input, this.#chosen);
    if (found === null) return;
    if (this.#best === null || compareFound(found, this.#best) < 0) {
      this.#runnerUp = this.#best;
      this.#best = found;
    } else if (this.#runnerUp === null || compareFound(found, this.#runnerUp) < 0) this.#runnerUp = found;
  }
}
