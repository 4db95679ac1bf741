/**
 * Runs inside the fresh node, by the Node.js that only the stand-ins have: node prepare-node.cjs FOLDER SECONDS. Makes a
 * node of Proxmox VE of it, with the programs in FOLDER (qm.cjs, pvesh.cjs), on which VM 100 is there and stopped. Nothing
 * of Pinfold is touched. SECONDS is how long a phase of a hook may take, since programs start forty times slower under TCG.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { installPveNode } from '../proxmox/install-node.ts';

const [folder = '', seconds = ''] = process.argv.slice(2);

/** Its own libraries lie beside it; the stand-ins forget the variable at once, so that no child of theirs finds them. */
const OWN_LIBRARIES = 'export LD_LIBRARY_PATH=/opt/stand-in/usr/lib/x86_64-linux-gnu';

async function main(): Promise<void> {
  await installPveNode(join(folder, 'qm.cjs'), [OWN_LIBRARIES, `export PINFOLD_TIMEOUT=${seconds}`]);
  const pvesh = ['#!/bin/sh', OWN_LIBRARIES, `exec ${process.execPath} ${join(folder, 'pvesh.cjs')} "$@"`];
  writeFileSync('/usr/bin/pvesh', `${pvesh.join('\n')}\n`, { mode: 0o755 });
  const configs = join('/etc/pve/nodes', hostname(), 'qemu-server');
  mkdirSync(configs, { recursive: true });
  writeFileSync(join(configs, '100.conf'), 'cores: 2\nkvm: 0\nmemory: 256\nname: web\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
