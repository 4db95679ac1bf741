import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTree } from './write-tree.ts';

test('a tree is written below its root, folders made and files overwritten', () => {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-tree-'));
  try {
    writeTree(new Map([['/sys/a', 'old']]), root);
    writeTree(
      new Map([
        ['/sys/a', 'new'],
        ['/sys/deep/er/b', 'b\n'],
      ]),
      root,
    );
    expect(readFileSync(join(root, 'sys/a'), 'utf8')).toBe('new');
    expect(readFileSync(join(root, 'sys/deep/er/b'), 'utf8')).toBe('b\n');
  } finally {
    rmSync(root, { recursive: true });
  }
});
