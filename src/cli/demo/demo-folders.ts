import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';

/** Where the two nodes of the demo lie. */
export interface DemoFolders {
  readonly opennebula: string;
  readonly proxmox: string;
}

/**
 * Empty folders for the two nodes: `opennebula` and `proxmox` in `into`, else temporary ones. Throws an AppError when they
 * cannot be made or hold something already.
 */
export function demoFolders(into: string | undefined): DemoFolders {
  if (into === undefined) return { opennebula: temporary(), proxmox: temporary() };
  return { opennebula: empty(join(into, 'opennebula')), proxmox: empty(join(into, 'proxmox')) };
}

function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'pinfold-demo-'));
}

function empty(folder: string): string {
  if (filesIn(folder) === 0) return folder;
  throw new AppError(
    'usage',
    EXIT.usage,
    `The folder ${clip(folder)} holds something already: remove it, or name another folder with --into.`,
  );
}

function filesIn(folder: string): number {
  try {
    mkdirSync(folder, { recursive: true });
    return readdirSync(folder).length;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AppError(
      'usage',
      EXIT.usage,
      `The folder ${clip(folder)} for the demo cannot be made (${code ?? 'unknown error'}): name another one with --into.`,
      error,
    );
  }
}
