import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyDelivery } from './delivery.ts';

test('what a build under way and compiled code leave in dist/ is not delivered', () => {
  const base = mkdtempSync(join(tmpdir(), 'pinfold-delivery-'));
  try {
    const [checkout, folder] = [join(base, 'checkout'), join(base, 'delivery')];
    const parts = ['dist/.under-way-a', 'hooks/opennebula', 'hooks/proxmox', 'templates'];
    for (const part of [...parts, 'integration/opennebula/remotes'])
      mkdirSync(join(checkout, part), { recursive: true });
    const cache = 'run-hook.cjs.10-20-v20.0.0-x64.cache';
    for (const name of ['hook-opennebula.cjs', 'run-hook.cjs', cache, `${cache}.4711`, '.under-way-a/x.cjs'])
      writeFileSync(join(checkout, 'dist', name), '');
    copyDelivery(checkout, folder);
    expect(readdirSync(join(folder, 'dist')).sort()).toEqual(['hook-opennebula.cjs', 'run-hook.cjs']);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});
