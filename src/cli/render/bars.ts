/** Characters of a bar. */
const BAR_WIDTH = 10;

/** A bar of ten blocks: how much of `total` is used. Anything above nothing shows, and only all fills it. */
export function bar(used: number, total: number): string {
  if (total <= 0) return '░'.repeat(BAR_WIDTH);
  const part = Math.round((used / total) * BAR_WIDTH);
  const full = used <= 0 ? 0 : used >= total ? BAR_WIDTH : Math.min(BAR_WIDTH - 1, Math.max(1, part));
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

/** MiB in words for a map: `512 MiB`, `3.5 GiB`, `128 GiB`; at most one decimal. */
export function sizeText(mib: number): string {
  if (mib < 1024) return `${Math.round(mib)} MiB`;
  return `${gib(mib)} GiB`;
}

/** GiB with at most one decimal, without the unit. */
export function gib(mib: number): string {
  return `${Math.round((mib / 1024) * 10) / 10}`;
}

/** The name of a page size: `4 KiB`, `2 MiB`, `1 GiB`. */
export function pageText(sizeKiB: number): string {
  if (sizeKiB < 1024) return `${sizeKiB} KiB`;
  return sizeKiB < 1048576 ? `${sizeKiB / 1024} MiB` : `${sizeKiB / 1048576} GiB`;
}
