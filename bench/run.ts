import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run bench [NAME…]`: every bench of this folder, or those named, one after the other (never two at once: they
 * measure time). Exits 1 when one of them misses a bound.
 */
const checkout = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
const all = readdirSync(join(checkout, 'bench'))
  .filter(file => file.endsWith('.ts') && file !== 'run.ts')
  .map(file => file.slice(0, -'.ts'.length))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}: the benches are ${all.join(', ')}.\n`);
  process.exit(2);
}

for (const name of wanted.length > 0 ? wanted : all) {
  process.stdout.write(`\n## ${name}\n\n`);
  const bench = join(checkout, 'bench', `${name}.ts`);
  const { status } = spawnSync(process.execPath, [join(checkout, 'scripts', 'run-ts.mjs'), bench], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
