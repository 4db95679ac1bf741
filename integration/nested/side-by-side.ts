/** Work that one machine does, or several share. */
export interface SharedWork {
  readonly name: string;
  /** Pieces that nobody has taken yet; 0 where it cannot be shared. */
  left(): number;
  /** Does of it what it gets, on a machine of its own, until nothing is left. `isFirst`: nobody did before. */
  work(isFirst: boolean): Promise<void>;
}

/** A machine more is worth its start and its empty caches (half a minute) when this much is left for it to share. */
const WORTH_A_MACHINE = 3;

/**
 * Does all of it, so many at a time:
 *
 * 1. Whoever is free begins the first work in the list that nobody has begun.
 * 2. When all is begun, it joins the work with the most left.
 *
 * Work that failed is joined by nobody; the others go on. Returns what went wrong, by the work's name.
 */
export async function sideBySide(
  all: readonly SharedWork[],
  atATime: number,
): Promise<ReadonlyMap<string, string>> {
  const begun = new Set<SharedWork>();
  const troubles = new Map<string, string>();
  const next = (): SharedWork | undefined =>
    all.find(one => !begun.has(one)) ??
    all
      .filter(one => one.left() >= WORTH_A_MACHINE && !troubles.has(one.name))
      .sort((a, b) => b.left() - a.left())[0];
  const play = async (one: SharedWork): Promise<void> => {
    const isFirst = !begun.has(one);
    begun.add(one);
    try {
      await one.work(isFirst);
    } catch (error) {
      troubles.set(one.name, error instanceof Error ? error.message : String(error));
    }
  };
  const goOn = async (): Promise<void> => {
    for (let one = next(); one !== undefined; one = next()) await play(one);
  };
  await Promise.all(Array.from({ length: atATime }, goOn));
  return troubles;
}
