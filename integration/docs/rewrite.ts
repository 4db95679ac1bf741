/**
 * `npm run docs`: runs every command of the pages for users and writes what it prints into them. Look at the difference
 * before it is committed: what changed there is what users will see.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { pagesOf } from './pages.ts';
import { playPage } from './play-page.ts';
import { makeScratch } from './scratch.ts';

const checkout = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
const wanted = process.argv.slice(2);
const scratch = makeScratch(checkout);
try {
  for (const page of pagesOf(checkout)) {
    if (wanted.length > 0 && !wanted.includes(page)) continue;
    const path = join(checkout, page);
    const { compared, differences, rewritten } = playPage(scratch, page, readFileSync(path, 'utf8'));
    for (const { line, what } of differences) process.stdout.write(`${page}:${line}: ${what}\n`);
    if (differences.length > 0) writeFileSync(path, rewritten);
    process.stdout.write(`${page}: ${compared} compared, ${differences.length} changed\n`);
  }
} finally {
  scratch.remove();
}
