import { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
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
 * only costs the time. Whoever can write the cache can write the bundle, too.
 *
 * `keep`: leave a cache behind where there is none; for runs that go through most of the code, because only
 * functions that were called are compiled.
 */
export function useCodeCache(keep: boolean): void {
  // Deprecated in the documentation alone: it is how every loader hook for CommonJS works, on Node 18 to 24.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  require.extensions['.cjs'] = (module: unknown, filename: string) => {
    const script = loadCached(module as LoadingModule, filename);
    if (script === null || !keep) return;
    // At the end of the run V8 also knows the functions that it compiled on their first call.
    process.once('exit', () => {
      writeCache(filename, script);
    });
  };
}

/** Runs a bundle; answers its script when it had to be compiled. */
function loadCached(module: LoadingModule, filename: string): Script | null {
  // A bundle is plain ASCII (esbuild's default), and no lazily loaded one has a `#!` line.
  const source = readFileSync(filename, 'latin1');
  const cachedData = readCache(cachePath(filename));
  const script = new Script(Module.wrap(source), { filename, ...(cachedData && { cachedData }) });
  const run = script.runInThisContext() as Wrapper;
  run(module.exports, id => module.require(id), module, filename, dirname(filename));
  return cachedData === undefined || script.cachedDataRejected === true ? script : null;
}

function cachePath(filename: string): string {
  const { size, mtimeMs } = statSync(filename);
  return `${filename}.${size}-${Math.round(mtimeMs)}-${process.version}.cache`;
}

function readCache(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Writes the cache and removes those of earlier bundles of this name. */
function writeCache(filename: string, script: Script): void {
  const folder = dirname(filename);
  const cache = cachePath(filename);
  const temporary = `${cache}.${process.pid}`;
  try {
    writeFileSync(temporary, script.createCachedData());
    for (const name of readdirSync(folder)) {
      if (name.startsWith(`${basename(filename)}.`) && name.endsWith('.cache')) rmSync(join(folder, name));
    }
    renameSync(temporary, cache);
  } catch {
    rmSync(temporary, { force: true });
  }
}
