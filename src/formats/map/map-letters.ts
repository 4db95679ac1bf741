/**
 * Guests are called by these on the map: letters that differ at sight and have a small form. Latin first, then
 * the Greek and Cyrillic ones that look like none before them.
 */
const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZΓΔΘΛΞΠΣΦΨΩБДЖИЛЦЧШЭЮЯ');
/** The sign of every guest beyond the last letter; the legend tells their CPUs. */
export const MANY = '#';

/**
 * A letter for each guest. Those with `before` one keep it, so that a map that is drawn again does not change
 * names; the others get the first free ones in the order of `names`.
 */
export function lettersFor(
  names: readonly string[],
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const distinct = [...new Set(names)];
  const kept = new Set(distinct.map(name => before.get(name)));
  const free = LETTERS.filter(letter => !kept.has(letter));
  return new Map(
    distinct.map(name => {
      const earlier = before.get(name);
      return [name, earlier !== undefined && earlier !== MANY ? earlier : (free.shift() ?? MANY)];
    }),
  );
}
