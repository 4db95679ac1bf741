import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes these texts by absolute path below `root`, making folders as needed; existing files are overwritten. */
export function writeTree(files: ReadonlyMap<string, string>, root: string): void {
  const made = new Set<string>();
  for (const [path, text] of files) {
    const target = join(root, path);
    const folder = dirname(target);
    if (!made.has(folder)) {
      mkdirSync(folder, { recursive: true });
      made.add(folder);
    }
    writeFileSync(target, text);
  }
}
