import { statSync } from 'node:fs';

/** What the bundles that every start loads may have together. */
export const BUNDLE_LIMIT_KIB = 128;

/** What a start may take (ms), given what a bare `node -e 0` takes: the larger of 1.35 × bare and bare + 15 ms. */
export function startBudgetMs(bareMs: number): number {
  return Math.max(1.35 * bareMs, bareMs + 15);
}

/** KiB of these files together. */
export function sizeKiB(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(file).size, 0) / 1024;
}
