import { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

interface LoadingModule {
  exports: unknown;
  require(id: string): unknown;
}
type Wrapper = (
  exports: unknown,
  require: (id: string) => unknown,
  module: LoadingModule,
  filename: string,
  folder: string,
) => void;

/**
 * From here on, bundles (`.cjs`) are loaded with the code that V8 compiled in an earlier run, which lies beside them
 * in a `.cache` file: compiling is what a short run of Node mostly does. The file's name holds size and time of the
 * bundle and the version of Node; V8 itself refuses a cache of another version. A folder that cannot be written
 * only costs the time.
 *
 * V8 of Node 20 and later does not look whether the bytes are whole and ends the process on damaged ones, so the file
 * holds them twice and counts only while both copies are the same (comparing is quicker than any sum). It counts also
 * only when it belongs to this user, to root or to the owner of the bundle.
 *
 * `keeps`: whether this run leaves a cache of this bundle (its file name) behind where there is none; for runs that go through most of
 * its code, because only functions that were called are compiled.
 */
export function useCodeCache(keeps: (bundle: string) => boolean): void {
  // Deprecated in the documentation alone: it is how every loader hook for CommonJS works, on Node 18 to 24.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  require.extensions['.cjs'] = (module: unknown, filename: string) => {
    const script = loadCached(module as LoadingModule, filename);
    if (script === null || !keeps(basename(filename))) return;
    // At the end of the run V8 also knows the functions that it compiled on their first call.
    process.once('exit', () => {
      writeCache(filename, script);
    });
  };
}

/** Runs a bundle; answers its script when it had to be compiled. */
function loadCached(module: LoadingModule, filename: string): Script | null {
  const cachedData = readCache(filename);
  const script = new Script(wrappedBundle(filename), { filename, ...(cachedData && { cachedData }) });
  const run = script.runInThisContext() as Wrapper;
  run(module.exports, id => module.require(id), module, filename, dirname(filename));
  return cachedData === undefined || script.cachedDataRejected === true ? script : null;
}

/** From this length on, in bytes, V8 keeps a text apart from its young objects, of which it copies and collects 1 MiB. */
const LARGE_TEXT = 132 * 1024;

/** Around a module's text, as Node documents its wrapper; asking node:module for it costs a start a fifth of a millisecond. */
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';
const TAIL = '\n});';

/**
 * A bundle in the function that Node calls a module by. It is put together outside V8's heap, because V8 copies texts that
 * it joined itself, and made large with blanks, which together saves a start a collection of garbage.
 */
function wrappedBundle(filename: string): string {
  const bundle = readFileSync(filename);
  const text = Buffer.alloc(Math.max(LARGE_TEXT, HEAD.length + bundle.length + TAIL.length), ' ');
  text.write(HEAD);
  bundle.copy(text, HEAD.length);
  text.write(TAIL, HEAD.length + bundle.length);
  // A bundle is plain ASCII (esbuild's default), and no lazily loaded one has a `#!` line.
  return text.toString('latin1');
}

function cachePath(filename: string, { size, mtimeMs }: Stats): string {
  return `${filename}.${size}-${Math.round(mtimeMs)}-${process.version}-${process.arch}.cache`;
}

function readCache(filename: string): Buffer | undefined {
  try {
    const bundle = statSync(filename);
    const path = cachePath(filename, bundle);
    if (!isTrusted(statSync(path).uid, { user: process.getuid?.(), bundle: bundle.uid })) return undefined;
    const twice = readFileSync(path);
    const half = twice.length / 2;
    return twice.compare(twice, 0, half, half) === 0 ? twice.subarray(0, half) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a cache of this owner may be run by this user beside a bundle of that owner (user ids). */
export function isTrusted(
  owner: number,
  { user, bundle }: { readonly user: number | undefined; readonly bundle: number },
): boolean {
  return owner === 0 || owner === user || owner === bundle;
}

/** Writes the cache; removes those of earlier bundles of this name and what killed runs left of theirs. */
function writeCache(filename: string, script: Script): void {
  const folder = dirname(filename);
  const cache = cachePath(filename, statSync(filename));
  const temporary = `${cache}.${process.pid}`;
  try {
    const code = script.createCachedData();
    writeFileSync(temporary, Buffer.concat([code, code]));
    for (const name of readdirSync(folder)) {
      if (isOutdated(name, basename(filename))) rmSync(join(folder, name));
    }
    renameSync(temporary, cache);
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** A cache of this bundle, or a temporary file of a run that is gone. */
function isOutdated(name: string, bundle: string): boolean {
  const writer = /\.cache(?:\.(\d+))?$/.exec(name);
  if (writer === null || !name.startsWith(`${bundle}.`)) return false;
  return writer[1] === undefined || !runs(Number(writer[1]));
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
