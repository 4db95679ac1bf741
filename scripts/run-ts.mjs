/**
 * Runs a TypeScript program: node scripts/run-ts.mjs FILE.ts [args…]. Node 18 and 20 do not read TypeScript, so
 * esbuild makes one CommonJS file of it in a temporary folder, which goes when the program ends. `__dirname` of the
 * program is that folder: the checkout is in PINFOLD_CHECKOUT.
 */
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..');
const [source, ...rest] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('Usage: node scripts/run-ts.mjs FILE.ts [arguments of the program].\n');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'pinfold-run-'));
const outfile = join(folder, 'program.cjs');
await build({
  entryPoints: [resolve(source)],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node18.18',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
  external: ['*.node', 'cpu-features', 'esbuild', 'playwright-core'],
});

const child = spawn(process.execPath, ['--enable-source-maps', outfile, ...rest], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PINFOLD_CHECKOUT: checkout,
    NODE_PATH: join(checkout, 'node_modules'),
  },
});
// The program decides what an interrupt means; this one only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
