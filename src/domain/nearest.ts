/** Words longer than this are compared by their beginning: no name that we know is longer. */
const COMPARED = 64;

/**
 * The candidate that a misspelt word most likely meant; undefined when there are no candidates.
 *
 * 1. Distance = edits (insert, delete, replace, swap of neighbours) between the words in lower case.
 * 2. A word whose parts stand in another order (`max_cpu_cores` for `cpu_max_cores`) counts as one edit more
 *    than its parts need.
 *
 * Sort keys: distance, then the order of the candidates.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = word.slice(0, COMPARED).toLowerCase();
  const sorted = sortedParts(plain);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const distance = Math.min(editDistance(plain, other), 1 + editDistance(sorted, sortedParts(other)));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function sortedParts(word: string): string {
  return word
    .split(/[:_.-]/)
    .sort()
    .join('_');
}

/** Optimal string alignment: the Levenshtein distance with a swap of two neighbours as one edit. */
function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1])
        cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[right.length]!;
}
