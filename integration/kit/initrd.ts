import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHARACTER_DEVICE, cpioArchive, FILE, FOLDER, PROGRAM, type CpioMember } from './cpio.ts';

/** Debian's busybox-static. */
const BUSYBOX = '/bin/busybox';

/** What the probe initrd prints once user space runs. */
export const USER_SPACE_MARKER = 'PINFOLD-PROBE-USER-SPACE-RUNS';

/** An initrd that prints the marker and powers the machine off: user space was reached. */
export function probeInitrd(): Buffer {
  return withBusybox([], ['echo ' + USER_SPACE_MARKER, 'poweroff -f']);
}

/**
 * An initrd that loads the modules listed in `folder`/order (one file name a line), mounts /dev/vda and hands over
 * to systemd there. Debian's own is ten times larger and takes seconds longer under TCG.
 */
export function bootInitrd(folder: string): Buffer {
  const names = readFileSync(join(folder, 'order'), 'utf8').split('\n').filter(Boolean);
  const modules = names.map(name => ({
    path: `lib/${name}`,
    mode: FILE,
    body: readFileSync(join(folder, name)),
  }));
  return withBusybox(modules, [
    ...names.map(name => `insmod /lib/${name}`),
    'mount -t devtmpfs devtmpfs /dev',
    'tries=0; while [ ! -b /dev/vda ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done',
    'mount -t ext4 -o noatime /dev/vda /root || { echo PINFOLD-NO-ROOT; poweroff -f; }',
    'mount --move /dev /root/dev',
    'exec switch_root /root /sbin/init',
  ]);
}

function withBusybox(members: readonly CpioMember[], script: readonly string[]): Buffer {
  const init = [
    '#!/bin/busybox sh',
    '/bin/busybox --install -s /bin',
    'export PATH=/bin',
    'exec > /dev/console 2>&1 < /dev/console',
    ...script,
    '',
  ].join('\n');
  return cpioArchive([
    ...['bin', 'dev', 'lib', 'root', 'proc', 'sys'].map(path => ({ path, mode: FOLDER })),
    { path: 'dev/console', mode: CHARACTER_DEVICE, device: [5, 1] },
    { path: 'bin/busybox', mode: PROGRAM, body: readFileSync(BUSYBOX) },
    { path: 'init', mode: PROGRAM, body: Buffer.from(init) },
    ...members,
  ]);
}
