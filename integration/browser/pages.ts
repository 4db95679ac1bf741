import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runProgram } from '../kit/run-program.ts';
import { hostOfWorld, MAP_WORLDS } from '../../src/testing/map-worlds.ts';

/** A page that the suite opens, and the drawing beside it. */
export interface MapFiles {
  readonly html: string;
  readonly svg: string;
}

const PATIENCE_MS = 60_000;

/** Names that would break out of a page that takes them as markup, or turn the text around them. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>document.title="owned"</script>',
  '"><img src=x onerror=document.title="owned">',
  '\' onmouseover=\'document.title="owned"',
  '\u202egnirts desrever\u0007\n&lt;b&gt;',
  'long-'.repeat(60).slice(0, 255),
];

/** Runs the built program and returns what it printed; throws with what it said when it fails. */
export async function pinfold(checkout: string, words: readonly string[]): Promise<string> {
  const end = await runProgram([process.execPath, join(checkout, 'dist/pinfold.cjs'), ...words], {
    timeoutMs: PATIENCE_MS,
  });
  if (end.code === 0) return end.stdout;
  throw new Error(`pinfold ${words.join(' ')} ended with ${end.code ?? 'a signal'}: ${end.stderr}`);
}

/** Draws a node into two files in the folder. */
export async function drawMap(
  checkout: string,
  {
    folder,
    name,
    source,
  }: { readonly folder: string; readonly name: string; readonly source: readonly string[] },
): Promise<MapFiles> {
  const [html, svg] = [join(folder, `${name}.html`), join(folder, `${name}.svg`)];
  await pinfold(checkout, ['status', ...source, '--html', html, '--svg', svg]);
  return { html: pathToFileURL(html).href, svg };
}

/** A host document whose guests have the hostile names, as a file in the folder. */
export function hostileHost(folder: string): string {
  const host = hostOfWorld(MAP_WORLDS['epyc-384']!);
  const claims = host.claims.map((claim, index) => ({ ...claim, vm: HOSTILE_NAMES[index] ?? claim.vm }));
  const file = join(folder, 'hostile.json');
  writeFileSync(file, JSON.stringify({ ...host, claims }));
  return file;
}
