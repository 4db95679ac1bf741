/**
 * Builds the Debian package from what is in dist/: npm run deb (which builds that first), or
 * node scripts/deb.mjs [FOLDER], which puts it there instead of dist-deb/. The same commit gives the same bytes: all files get
 * the time of SOURCE_DATE_EPOCH, else of the last commit. Needs dpkg-deb, which every Debian has.
 */
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  lutimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const packaging = join(root, 'packaging');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = resolve(process.argv[2] ?? join(root, 'dist-deb'));
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? lastCommit());

/** Bundles that are programs of their own. */
const PROGRAMS = ['pinfold', 'hook-proxmox', 'hook-opennebula', 'leave-node'];

function lastCommit() {
  try {
    return execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
  } catch {
    // A release without its history: the time of its package.json.
    return Math.floor(statSync(join(root, 'package.json')).mtimeMs / 1000);
  }
}

function put(staging, path, text, mode = 0o644) {
  const file = join(staging, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

/** As gzip -9n: no name and no time inside. */
function zipped(text) {
  return gzipSync(text, { level: 9 });
}

function fromRoot(...parts) {
  return readFileSync(join(root, ...parts), 'utf8');
}

/** What the verbs say of themselves, without what they run. */
async function manuals(staging) {
  const scratch = mkdtempSync(join(tmpdir(), 'pinfold-manual-'));
  try {
    const outfile = join(scratch, 'manuals.cjs');
    await build({
      stdin: {
        contents: [
          "export { VERBS } from './verbs.ts';",
          "export { manPage } from './manual/man-page.ts';",
          "export { bashCompletion } from './manual/bash-completion.ts';",
          "export { zshCompletion } from './manual/zsh-completion.ts';",
        ].join('\n'),
        resolveDir: join(root, 'src/cli'),
        loader: 'ts',
      },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'warning',
      plugins: [
        {
          name: 'not-run',
          setup: bundler =>
            bundler.onResolve({ filter: /^\./ }, ({ kind, path }) =>
              kind === 'dynamic-import' ? { path, external: true } : undefined,
            ),
        },
      ],
    });
    const { VERBS, manPage, bashCompletion, zshCompletion } = createRequire(import.meta.url)(outfile);
    const date = new Date(epoch * 1000).toISOString().slice(0, 10);
    put(staging, 'usr/share/man/man1/pinfold.1.gz', zipped(manPage(VERBS, { version, date })));
    put(staging, 'usr/share/bash-completion/completions/pinfold', bashCompletion(VERBS));
    put(staging, 'usr/share/zsh/vendor-completions/_pinfold', zshCompletion(VERBS));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function engine(staging) {
  const dist = join(root, 'dist');
  for (const name of PROGRAMS)
    if (!existsSync(join(dist, `${name}.cjs`)))
      throw new Error(`dist/${name}.cjs is missing: run "npm run build" first.`);
  for (const file of readdirSync(dist).filter(name => name.endsWith('.cjs'))) {
    const isProgram = PROGRAMS.includes(basename(file, '.cjs'));
    // Debian's own Node.js, whatever stands first on somebody's PATH.
    const text = readFileSync(join(dist, file), 'latin1').replace(/^#!.*/, '#!/usr/bin/node');
    put(staging, `usr/share/pinfold/${file}`, Buffer.from(text, 'latin1'), isProgram ? 0o755 : 0o644);
  }
  mkdirSync(join(staging, 'usr/bin'), { recursive: true });
  symlinkSync('../share/pinfold/pinfold.cjs', join(staging, 'usr/bin/pinfold'));
}

function orchestrators(staging) {
  const share = 'usr/share/pinfold';
  put(staging, `${share}/proxmox/pinfold`, fromRoot('hooks/proxmox/pinfold'), 0o755);
  put(staging, `${share}/proxmox/attached`, fromRoot('packaging/attached'), 0o755);
  for (const name of ['install', 'probe', 'virsh'])
    if (existsSync(join(root, 'hooks/opennebula', name)))
      put(staging, `${share}/opennebula/${name}`, fromRoot('hooks/opennebula', name), 0o755);
  for (const name of readdirSync(join(root, 'hooks/opennebula/kvmpinfold')))
    put(
      staging,
      `${share}/opennebula/kvmpinfold/${name}`,
      fromRoot('hooks/opennebula/kvmpinfold', name),
      name === 'pinfold.sh' ? 0o644 : 0o755,
    );
  for (const name of ['proxmox', 'opennebula', 'schema'])
    cpSync(join(root, 'templates', name), join(staging, share, 'templates', name), { recursive: true });
  put(staging, 'usr/lib/tmpfiles.d/pinfold.conf', fromRoot('packaging/tmpfiles.conf'));
  for (const name of readdirSync(join(root, 'templates/systemd')))
    put(staging, `usr/lib/systemd/system/${name}`, fromRoot('templates/systemd', name));
}

function documentation(staging) {
  const doc = 'usr/share/doc/pinfold';
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  put(staging, `${doc}/copyright`, fromRoot('packaging/copyright'));
  put(
    staging,
    `${doc}/changelog.gz`,
    zipped(
      `pinfold (${version}) unstable; urgency=medium\n\n  * What is new is in CHANGELOG.md.gz beside this file.\n\n -- ${/^Maintainer: (.*)$/m.exec(fromRoot('packaging/control'))[1]}  ${date}\n`,
    ),
  );
  for (const name of ['CHANGELOG.md', 'INSTALL.md', 'README.md'])
    put(staging, `${doc}/${name}.gz`, zipped(fromRoot(name)));
  put(staging, `${doc}/THIRD-PARTY.txt`, fromRoot('dist/THIRD-PARTY.txt'));
  for (const name of readdirSync(join(root, 'docs')).filter(file => file.endsWith('.md')))
    put(staging, `${doc}/docs/${name}`, fromRoot('docs', name));
}

/** Every file and link of a folder, sorted. */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    });
}

function control(staging) {
  const files = filesIn(staging);
  const bytes = files.reduce((sum, file) => sum + lstatSync(file).size, 0);
  const sums = files
    .filter(file => lstatSync(file).isFile())
    .map(
      file => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(staging, file)}\n`,
    );
  const filled = name =>
    fromRoot('packaging', name)
      .replace('@VERSION@', version)
      .replace('@SIZE@', String(Math.ceil(bytes / 1024)))
      .replace(
        '@TMPFILES_SUM@',
        createHash('md5').update(fromRoot('templates/opennebula/tmpfiles.conf')).digest('hex'),
      );
  put(staging, 'DEBIAN/control', filled('control'));
  put(staging, 'DEBIAN/md5sums', sums.join(''));
  for (const name of ['postinst', 'prerm', 'postrm']) put(staging, `DEBIAN/${name}`, filled(name), 0o755);
}

/** The same times and modes whoever builds. */
function settle(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epoch, epoch);
}

const staging = mkdtempSync(join(tmpdir(), 'pinfold-deb-'));
try {
  engine(staging);
  orchestrators(staging);
  documentation(staging);
  await manuals(staging);
  control(staging);
  settle(staging);
  mkdirSync(out, { recursive: true });
  const file = join(out, `pinfold_${version}_all.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', staging, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  process.stdout.write(`${file}\n`);
} catch (error) {
  process.stderr.write(
    `${error.code === 'ENOENT' && error.path === 'dpkg-deb' ? 'dpkg-deb is missing: build the package on a Debian.' : error.message}\n`,
  );
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true, force: true });
}
