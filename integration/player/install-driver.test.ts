import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { DrivenHost } from '../opennebula/drive.ts';
import type { HookSettings } from './hook-settings.ts';
import { installDriver, setPolicy, syncHost } from './install-driver.ts';

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'install-driver-'));
  mkdirSync(join(base, 'delivery/hooks/opennebula'), { recursive: true });
  mkdirSync(join(base, 'ours/etc/vmm/kvm/pinfold'), { recursive: true });
  writeFileSync(join(base, 'ours/deploy'), 'the stock script');
  const installer = join(base, 'delivery/hooks/opennebula/install');
  writeFileSync(installer, `#!/bin/sh\necho once >> ${base}/runs\necho code > "$1/run-hook.cjs"\n`);
  chmodSync(installer, 0o755);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const host = (user: string | null = null) =>
  ({
    remotes: join(base, 'remotes'),
    scripts: join(base, 'scripts'),
    frontEnd: join(base, 'front-end'),
    user,
  }) as DrivenHost;
const install = (hookSettings: HookSettings = {}) =>
  installDriver(host(), {
    delivery: join(base, 'delivery'),
    remotes: join(base, 'ours'),
    hookSettings,
  });
const runs = () => readFileSync(join(base, 'runs'), 'utf8').trim().split('\n').length;

it('installs once for scenarios that leave the host as it was, and keeps the compiled code beside the programs', async () => {
  await install();
  const cache = join(base, 'scripts/run-hook.cjs.cache');
  writeFileSync(cache, 'compiled');
  setPolicy(host(), 'strategy: pack');
  await install();
  expect(runs()).toBe(1);
  expect(readFileSync(cache, 'utf8')).toBe('compiled');
});

it.each([
  [
    'lost a program',
    () => {
      rmSync(join(base, 'scripts/run-hook.cjs'));
    },
  ],
  [
    'got another one',
    () => {
      writeFileSync(join(base, 'scripts/run-hook.cjs'), 'evil\n');
    },
  ],
  [
    'had one away for a while',
    () => {
      renameSync(join(base, 'scripts/deploy'), join(base, 'deploy'));
      renameSync(join(base, 'deploy'), join(base, 'scripts/deploy'));
    },
  ],
  [
    'gets other programs delivered',
    () => {
      writeFileSync(join(base, 'delivery/hooks/opennebula/more'), '');
    },
  ],
])('installs anew where the host %s', async (_, harm) => {
  await install();
  harm();
  await install();
  expect(runs()).toBe(2);
  expect(readFileSync(join(base, 'scripts/run-hook.cjs'), 'utf8')).toBe('code\n');
  expect(readFileSync(join(base, 'scripts/deploy'), 'utf8')).toBe('the stock script');
});

it('installs anew with other settings', async () => {
  await install();
  await install({ PINFOLD_TIMEOUT: '240', PINFOLD_NODE: '/opt/node' });
  expect(runs()).toBe(2);
  expect(readFileSync(join(base, 'scripts/etc/vmm/kvm/pinfold/driver.conf'), 'utf8')).toBe(
    'PINFOLD_TIMEOUT=240\nPINFOLD_NODE=/opt/node\n',
  );
});

it('hands what it copies to the user of the driver, who may then keep compiled code beside it', () => {
  mkdirSync(join(base, 'remotes/vmm'), { recursive: true });
  writeFileSync(join(base, 'remotes/vmm/deploy'), '');
  // Only root can give files away.
  const user = process.getuid?.() === 0 ? 'nobody' : userInfo().username;
  syncHost(host(user));
  const id = execFileSync('id', ['-u', user], { encoding: 'utf8' }).trim();
  expect(String(lstatSync(join(base, 'scripts/vmm/deploy')).uid)).toBe(id);
  expect(() => {
    syncHost(host('nobody-of-this-name'));
  }).toThrow(/chown/);
});
