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
