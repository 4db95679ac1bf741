/**
 * The free CPUs that a map in text shows: signs, folded cores (`··×8`), folded caches (`3 caches of ··×8`) and folded
 * cells (`cells 2-3: as cell 1, 64 CPUs …`). On a map without guests and sets that is every online CPU.
 */
export function countedCpus(map: string): number {
  const boxes = map.split('\n').flatMap(line => line.match(/(?<=[│┊] )[^│┊]+(?= [│┊])/g) ?? []);
  const folded = [...map.matchAll(/: as cell \d+,\s+(\d+) CPUs/g)].map(([, cpus]) => Number(cpus));
  return [...boxes.map(countedIn), ...folded].reduce((sum, cpus) => sum + cpus, 0);
}

function countedIn(box: string): number {
  const caches = Number(/(\d+) caches of/.exec(box)?.[1] ?? 1);
  const signs = [...box.matchAll(/(·+)(?:×(\d+))?/g)];
  // What is folded is one core: as many signs as it has threads, times the number behind them.
  return caches * signs.reduce((sum, [, cores, times]) => sum + cores!.length * Number(times ?? 1), 0);
}
