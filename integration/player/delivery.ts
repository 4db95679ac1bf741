import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

/** What a user of the built project gets, and all that the suites take from the checkout. */
const PARTS = ['dist', 'hooks/opennebula', 'hooks/proxmox', 'templates', 'integration/opennebula/remotes'];

/** What a build that is under way and programs that run leave in dist/ for a while: files that go as they come, and are no part of it. */
const PASSING = /\/\.under-way-|\.cache(?:\.\d+)?$/;

/** Copies the built artefact into `folder`, so that a build that starts meanwhile does not pull it away from us. */
export function copyDelivery(checkout: string, folder: string): void {
  if (!existsSync(join(checkout, 'dist/hook-opennebula.cjs')))
    throw new Error('dist/hook-opennebula.cjs is missing: run "npm run build" first.');
  for (const part of PARTS)
    cpSync(join(checkout, part), join(folder, part), {
      recursive: true,
      filter: source => !PASSING.test(source),
    });
}
