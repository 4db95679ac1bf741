import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Pages for users, as paths in the checkout. */
export function pagesOf(checkout: string): readonly string[] {
  const docs = readdirSync(join(checkout, 'docs')).filter(name => name.endsWith('.md'));
  return ['README.md', 'INSTALL.md', ...docs.sort().map(name => `docs/${name}`)];
}
