/**
 * Runs `npm ci` when node_modules does not match package-lock.json, so that `npm start` and
 * `npm test` work in a fresh clone. The stamp holds the hash of the lock file that was installed.
 * `npm ci` empties node_modules first, so that only one at a time may run: the others wait for it.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'node_modules', '.pinfold-lock-hash');
/** A folder, because making one either succeeds or tells that it is there; `pid` in it names who holds it. */
const turn = join(root, '.installing');
const holder = join(turn, 'pid');
const hash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const POLL_MS = 200;
const NAMELESS_MS = 5000;

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

/** Whether it is our turn now. A turn whose holder is gone is taken away. */
function takeTurn() {
  try {
    mkdirSync(turn);
    writeFileSync(holder, String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isAbandoned()) rmSync(turn, { recursive: true, force: true });
  return false;
}

/** Its holder is gone, or ended before it could write its name. */
function isAbandoned() {
  try {
    return !isAlive(Number(readFileSync(holder, 'utf8')));
  } catch {
    const since = statSync(turn, { throwIfNoEntry: false })?.mtimeMs;
    return since !== undefined && Date.now() - since > NAMELESS_MS;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function install() {
  process.stderr.write('Installing the packages that package-lock.json names (once)…\n');
  // A fresh npm ci, whatever `npm test` or `npm start` was called with.
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) writeFileSync(stamp, hash);
  else process.stderr.write('npm ci failed: check that the npm registry can be reached, then try again.\n');
  return status === 0;
}

while (!isInstalled()) {
  try {
    if (!takeTurn()) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
      continue;
    }
  } catch (error) {
    process.stderr.write(
      `The packages cannot be installed in ${root} (${error.code}): run this as the owner of the checkout, or in a copy of it.\n`,
    );
    process.exit(1);
  }
  try {
    if (!isInstalled() && !install()) process.exitCode = 1;
  } finally {
    rmSync(turn, { recursive: true, force: true });
  }
  if (process.exitCode === 1) break;
}
