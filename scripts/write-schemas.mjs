/** Writes templates/schema/*.schema.json from the schemas in src/documents: npm run schemas. */
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'pinfold-schemas-'));
try {
  const outfile = join(scratch, 'json-schemas.cjs');
  await build({
    entryPoints: [join(root, 'src/documents/json-schemas.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'warning',
  });
  const { jsonSchemas } = createRequire(import.meta.url)(outfile);
  const folder = join(root, 'templates/schema');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(jsonSchemas())) writeFileSync(join(folder, name), text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
