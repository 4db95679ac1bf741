/**
 * Bundles each entry into one CommonJS file in dist/ (start-up is what a hook pays for on every VM start), and
 * each module that an entry loads with `import()` into a file of its own beside it, so that what is rarely
 * needed costs nothing when it is not. Writes dist/THIRD-PARTY.txt with the licences of all bundled packages.
 */
import { build } from 'esbuild';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What is built: bundle name → source. A bundle whose source does not exist fails the build. */
const ENTRIES = {
  pinfold: 'src/cli/main.ts',
  'hook-opennebula': 'hooks/opennebula.ts',
  'hook-proxmox': 'hooks/proxmox.ts',
  'leave-node': 'hooks/leave-node.ts',
};

const chunks = new Map();
/** A folder in dist/, in which everything is built first. */
let made;
const UNDER_WAY = '.under-way-';

/** Turns `import('./x.ts')` into a require of dist/x.cjs and remembers to build that file. */
const lazyChunks = {
  name: 'lazy-chunks',
  setup(bundler) {
    bundler.onResolve({ filter: /^\./ }, args => {
      if (args.kind !== 'dynamic-import') return undefined;
      const source = resolve(args.resolveDir, args.path);
      const name = basename(source, '.ts');
      if (chunks.has(name) && chunks.get(name) !== source) {
        return { errors: [{ text: `two lazily loaded modules are called ${name}` }] };
      }
      chunks.set(name, source);
      return { path: `./${name}.cjs`, external: true };
    });
  },
};

/** undici, 750 KiB that proxmox-api brings for an engine of its own; ours calls the API without it. */
const withoutUndici = {
  name: 'without-undici',
  setup(bundler) {
    bundler.onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    bundler.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({
      contents: 'export const fetch = () => { throw new Error("undici is not in this bundle"); };',
    }));
  },
};

async function bundle(name, source, executable) {
  const result = await build({
    entryPoints: [source],
    outfile: join(made, `${name}.cjs`),
    bundle: true,
    platform: 'node',
    target: 'node18.18',
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    banner: executable ? { js: '#!/usr/bin/env node' } : {},
    define: { PINFOLD_VERSION: JSON.stringify(version) },
    external: ['*.node', 'cpu-features'],
    supported: { 'dynamic-import': false },
    plugins: [lazyChunks, withoutUndici],
  });
  return Object.keys(result.metafile.inputs);
}

/** The packages (folders below node_modules) that these bundled files come from. */
function packagesOf(inputs) {
  const folders = inputs.flatMap(input => {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    return match ? [match[1]] : [];
  });
  return [...new Set(folders)].sort();
}

function notice(folder) {
  const about = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const licence = readdirSync(join(root, folder)).find(name => /^(licen[cs]e|copying)/i.test(name));
  const text = licence
    ? readFileSync(join(root, folder, licence), 'utf8').trim()
    : '(no licence file in the package)';
  return `${about.name} ${about.version} — ${about.license}\n\n${text}\n`;
}

/** Builds everything into `made`. */
async function buildAll() {
  const inputs = [];
  for (const [name, source] of Object.entries(ENTRIES)) {
    inputs.push(...(await bundle(name, join(root, source), true)));
    chmodSync(join(made, `${name}.cjs`), 0o755);
  }
  const built = new Set();
  for (let pending = true; pending; ) {
    const next = [...chunks].filter(([name]) => !built.has(name));
    for (const [name, source] of next) {
      built.add(name);
      inputs.push(...(await bundle(name, source, false)));
    }
    pending = next.length > 0;
  }
  const notices = packagesOf(inputs.map(input => relative(root, join(root, input)))).map(notice);
  writeFileSync(
    join(made, 'THIRD-PARTY.txt'),
    `Pinfold's bundles contain these packages.\n\n${notices.join(`\n${'-'.repeat(78)}\n\n`)}`,
  );
  copyFileSync(join(root, 'LICENSE'), join(made, 'LICENSE'));
}

/** Puts what was built in place file by file, so that whoever runs a bundle meanwhile never misses one. */
function putInPlace() {
  const names = readdirSync(made);
  for (const name of names) renameSync(join(made, name), join(dist, name));
  for (const name of readdirSync(dist))
    if (!names.includes(name) && !name.startsWith(UNDER_WAY))
      rmSync(join(dist, name), { recursive: true, force: true });
}

process.chdir(root);
try {
  mkdirSync(dist, { recursive: true });
  made = mkdtempSync(join(dist, UNDER_WAY));
  await buildAll();
  putInPlace();
} catch (error) {
  if (error.code !== 'EACCES' && error.code !== 'EROFS' && error.code !== 'ENOSPC') throw error;
  process.stderr.write(
    `${error.path ?? root} cannot be written (${error.code}): build as the owner of this checkout, with room on its disk, or in a copy of it.\n`,
  );
  process.exitCode = 1;
} finally {
  if (made !== undefined) rmSync(made, { recursive: true, force: true });
}
