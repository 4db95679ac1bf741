import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { isTrusted } from './code-cache.ts';

let folder: string;
const bundle = () => join(folder, 'bundle.cjs');
const caches = () => readdirSync(folder).filter(name => name.endsWith('.cache'));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-cache-'));
  buildSync({
    stdin: {
      contents:
        "import { useCodeCache } from './code-cache.ts'; useCodeCache(name => process.argv[2] === 'keep' || process.argv[2] === name); console.log(require(process.argv[3]).say(2));",
      resolveDir: __dirname,
      loader: 'ts',
    },
    outfile: join(folder, 'entry.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  write('exports.say = n => `said ${n + 1}`;');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every version gets a time of its own, as a build or a copy that keeps times gives it. */
let version = 0;
function write(source: string): void {
  writeFileSync(bundle(), source);
  version += 1;
  utimesSync(bundle(), version, version);
}
function run(word: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'entry.js'), word, bundle()], {
    encoding: 'utf8',
  });
  return stdout + stderr;
}

test('a bundle runs the same without a cache, with a new one and from one', () => {
  expect([run('no'), caches()]).toEqual(['said 3\n', []]);
  expect(run('keep')).toBe('said 3\n');
  expect(caches()).toHaveLength(1);
  expect(run('keep')).toBe('said 3\n');
  expect(caches()).toHaveLength(1);
});

test('a run leaves a cache of the bundles that it names, and of no other', () => {
  run('other.cjs');
  expect(caches()).toEqual([]);
  run('bundle.cjs');
  expect(caches()).toHaveLength(1);
});

test('a bundle that was replaced runs as it is now, also when it has the same length', () => {
  run('keep');
  write('exports.say = n => `said ${n + 5}`;');
  expect(run('keep')).toBe('said 7\n');
  expect(run('keep')).toBe('said 7\n');
  expect(caches()).toHaveLength(1);
});

test('a damaged cache is as good as none', () => {
  run('keep');
  writeFileSync(join(folder, caches()[0]!), 'no code');
  expect(run('keep')).toBe('said 3\n');
});

test('a cache with a few wrong bytes behind its head never reaches V8, which would end the process', () => {
  run('keep');
  const cache = join(folder, caches()[0]!);
  const whole = readFileSync(cache);
  for (let offset = 64; offset < whole.length; offset += 40) {
    const damaged = Buffer.from(whole);
    damaged.fill(0xa5, offset, offset + 16);
    writeFileSync(cache, damaged);
    expect([offset, run('no')]).toEqual([offset, 'said 3\n']);
  }
});

test('what a killed run left of its cache goes with the next one that is written', () => {
  const { pid } = spawnSync('true');
  writeFileSync(join(folder, `bundle.cjs.1-2-v18.0.0-x64.cache.${pid}`), 'half');
  writeFileSync(join(folder, `bundle.cjs.1-2-v18.0.0-x64.cache.${process.pid}`), 'of a run that goes on');
  run('keep');
  const temporary = readdirSync(folder).filter(name => /cache\.\d+$/.test(name));
  expect(temporary).toEqual([`bundle.cjs.1-2-v18.0.0-x64.cache.${process.pid}`]);
});

test('a cache counts when it belongs to this user, root or the owner of the bundle, and to nobody else', () => {
  expect([0, 1000, 9869, 33].map(owner => isTrusted(owner, { user: 1000, bundle: 9869 }))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
