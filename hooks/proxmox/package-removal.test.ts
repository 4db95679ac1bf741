import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The package's postrm as dpkg calls it, with the folders of a machine below one of its own. */
let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'pinfold-postrm-'));
  const script = readFileSync(join(__dirname, '../../packaging/postrm'), 'utf8');
  writeFileSync(
    join(top, 'postrm'),
    script
      .replace(/(?<![\w/}])\/(etc|var|run|usr)\//g, `${top}/$1/`)
      .replace(/(?<= )\/etc\/pve(?= \])/g, `${top}/etc/pve`),
  );
  for (const name of ['deb-systemd-helper', 'systemctl']) {
    put(`bin/${name}`, '#!/bin/sh\n');
    chmodSync(join(top, `bin/${name}`), 0o755);
  }
  put(SNIPPET, readFileSync(join(__dirname, 'pinfold'), 'utf8'));
});
afterEach(() => {
  rmSync(top, { recursive: true, force: true });
});

const SNIPPET = 'var/lib/vz/snippets/pinfold';
const CONFIG = 'etc/pve/nodes/pve1/qemu-server/101.conf';
const NAMES_IT = 'hookscript: local:snippets/pinfold\n';

function put(path: string, text: string): void {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), text);
}

function removed() {
  const { status, stderr } = spawnSync('dash', [join(top, 'postrm'), 'remove'], {
    encoding: 'utf8',
    env: { PATH: `${join(top, 'bin')}:/usr/bin:/bin` },
  });
  return { status, stderr };
}

test.each<[string, boolean, () => void]>([
  [
    'a VM names it',
    true,
    () => {
      put(CONFIG, NAMES_IT);
    },
  ],
  [
    'a snapshot alone names it',
    false,
    () => {
      put(CONFIG, `cores: 1\n\n[before]\n${NAMES_IT}`);
    },
  ],
  ['this is no node of Proxmox VE', false, () => undefined],
  [
    "Proxmox VE's file system is not mounted, so that nobody can tell",
    true,
    () => {
      mkdirSync(join(top, 'etc/pve'), { recursive: true });
    },
  ],
])('where %s, the hook script stays when the package goes: %j', (_, stays, prepare) => {
  prepare();
  const { status, stderr } = removed();
  const says = existsSync(join(top, 'etc/pve')) && !existsSync(join(top, 'etc/pve/nodes'));
  expect([status, stderr]).toEqual([
    0,
    says ? expect.stringMatching(/\/etc\/pve is not mounted.* it stays: [^\n]*\.\n$/) : '',
  ]);
  expect(existsSync(join(top, SNIPPET))).toBe(stays);
});

test('drop-ins that Node.js could not take off before go, and those of others stay', () => {
  const folder = 'systemd/system/101.scope.d';
  put(`run/${folder}/50-pinfold.conf`, '[Scope]\n');
  put('run/systemd/system/102.scope.d/50-pinfold.conf', '[Scope]\n');
  put('run/systemd/system/102.scope.d/override.conf', '[Scope]\n');
  expect(removed()).toEqual({ status: 0, stderr: '' });
  const left = readdirSync(join(top, 'run'), { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.conf'),
  );
  expect(left).toEqual(['systemd/system/102.scope.d/override.conf']);
  expect(existsSync(join(top, 'run', folder))).toBe(false);
});
