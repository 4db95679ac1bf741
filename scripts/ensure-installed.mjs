/**
 * Runs `npm ci` when node_modules does not match package-lock.json, so that `npm start` and
 * `npm test` work in a fresh clone. The stamp holds the hash of the lock file that was installed.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'node_modules', '.pinfold-lock-hash');
const hash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
  process.stderr.write('Installing the packages that package-lock.json names (once)…\n');
  // A fresh npm ci, whatever `npm test` or `npm start` was called with.
  const result = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    process.stderr.write('npm ci failed: check that the npm registry can be reached, then try again.\n');
    process.exit(1);
  }
  writeFileSync(stamp, hash);
}
