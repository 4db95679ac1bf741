/** Characters of a bar. */
const BAR_WIDTH = 10;

/** A bar of ten blocks: how much of `total` is used. Anything above nothing shows, and only all fills it. */
export function bar(used: number, total: number): string {
  if (total <= 0) return '░'.repeat(BAR_WIDTH);
  const part = Math.round((used / total) * BAR_WIDTH);
  const full = used <= 0 ? 0 : used >= total ? BAR_WIDTH : Math.min(BAR_WIDTH - 1, Math.max(1, part));
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}
