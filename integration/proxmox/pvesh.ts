/** Stand-in for Proxmox VE's `pvesh` on a machine without Proxmox: {@link pveshCall} on /etc/pve/datacenter.cfg. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { pveshCall } from './pvesh-call.ts';

const FILE = '/etc/pve/datacenter.cfg';

try {
  pveshCall(process.argv.slice(2), {
    text: existsSync(FILE) ? readFileSync(FILE, 'utf8') : '',
    write(text) {
      writeFileSync(`${FILE}.tmp.${process.pid}`, text);
      renameSync(`${FILE}.tmp.${process.pid}`, FILE);
    },
    say: line => void process.stdout.write(`${line}\n`),
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 255;
}
