import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ENDING = '.scenario.ts';

const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node18.18',
  format: 'cjs',
  logLevel: 'warning',
} as const;

/** The scenarios that lie in the tree, by name. */
export function scenariosInTree(checkout: string): string[] {
  return readdirSync(join(checkout, 'integration/scenarios'))
    .filter(name => name.endsWith(ENDING))
    .map(name => name.slice(0, -ENDING.length))
    .sort();
}

/** Bundles the player with all scenarios of the tree into one file that Node 18 runs anywhere. */
export async function bundlePlayer(checkout: string, outfile: string): Promise<void> {
  const names = scenariosInTree(checkout);
  const entry = [
    `import { playAll } from './player/play.ts';`,
    ...names.map((name, index) => `import { scenario as s${index} } from './scenarios/${name}${ENDING}';`),
    `export const scenarios = { ${names.map((name, index) => `'${name}': s${index}`).join(', ')} };`,
    `if (process.argv[1] === __filename) void playAll(process.argv[2], scenarios);`,
  ].join('\n');
  await build({
    ...OPTIONS,
    stdin: { contents: entry, resolveDir: join(checkout, 'integration'), loader: 'ts' },
    outfile,
  });
}

/** Bundles the stand-in of Proxmox VE's `qm`. */
export async function bundleQm(checkout: string, outfile: string): Promise<void> {
  await build({ ...OPTIONS, entryPoints: [join(checkout, 'integration/proxmox/qm.ts')], outfile });
}
