import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runPinfold } from '../../testing/built-program.ts';

interface DemoDocument {
  readonly ok: boolean;
  readonly kept: string;
  readonly keptProxmox: string;
  readonly tasks: readonly {
    readonly command: string;
    readonly steps: readonly { readonly what: string }[];
  }[];
  readonly refused: { readonly vm: string; readonly code: number; readonly stderr: string };
  readonly refusal: { readonly cells: readonly { readonly hostCell: number }[]; readonly hint: string };
  readonly guests: readonly {
    readonly vm: string;
    readonly vcpus: readonly string[];
    readonly emulator: string;
  }[];
}

const demosIn = (folder: string) => readdirSync(folder).filter(name => name.startsWith('pinfold-demo-'));

describe('the demo', () => {
  test('starts guests through the hook, finds every thread in place, and leaves nothing', () => {
    const before = demosIn(tmpdir());
    const { code, stdout, stderr } = runPinfold(['demo']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([]);
    for (const words of [
      'socket 1',
      'Why database is where it is',
      'Why analytics was refused',
      'analytics then fits on cell 3.',
      '1 step of 1 done',
      '✓ analytics',
      'pre-start ',
      'post-start ',
      '✓ All ',
      'Next',
    ])
      expect(stdout).toContain(words);
    expect(stdout).not.toContain('✗');
    expect(demosIn(tmpdir())).toEqual(before);
  });

  test('keeps its node when asked, and what runs there is what it told', () => {
    const { code, stdout } = runPinfold(['demo', '--keep', '--json']);
    const demo = JSON.parse(stdout) as DemoDocument;
    try {
      expect({ code, ok: demo.ok }).toEqual({ code: 0, ok: true });
      expect(existsSync(join(demo.kept, 'run/pinfold/effects.jsonl'))).toBe(true);
      const guest = (name: string) => demo.guests.find(({ vm }) => vm === name)!;
      expect(guest('database').emulator).toBe(guest('cache').emulator);
      const pinned = demo.guests.flatMap(({ vcpus }) => vcpus.filter(cpus => /^\d+$/.test(cpus)));
      expect(new Set(pinned).size).toBe(pinned.length);
      // Read from the tree by nothing but this test.
      const pid = readFileSync(join(demo.kept, 'run/libvirt/qemu/database.pid'), 'utf8').trim();
      const masks = readdirSync(join(demo.kept, 'proc', pid, 'task'))
        .map(tid => join(demo.kept, 'proc', pid, 'task', tid))
        .filter(task => readFileSync(join(task, 'comm'), 'utf8').startsWith('CPU '))
        .map(task => /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(join(task, 'status'), 'utf8'))![1]);
      expect(masks).toEqual(guest('database').vcpus);
      expect(demo.refused.code).toBe(1);
      expect(demo.refused.stderr).toMatch(/needs \d+ .* host cell \d/);
      expect(new Set(demo.refusal.cells.map(({ hostCell }) => hostCell))).toEqual(new Set([0, 1, 2, 3]));
      expect(runPinfold(['status', '--root', demo.kept]).stdout).toContain('A database');
      expect(demo.tasks.map(({ command, steps }) => [command, ...steps.map(({ what }) => what)])).toEqual([
        ['qm start 101', 'pre-start', 'QEMU', 'post-start'],
        ['qm start 102', 'pre-start', 'QEMU', 'post-start'],
        ['qm stop 102', 'pre-stop', 'post-stop'],
      ]);
      const shop = readFileSync(join(demo.keptProxmox, 'run/qemu-server/101.pid'), 'utf8').trim();
      const status = readdirSync(join(demo.keptProxmox, 'proc', shop, 'task'))
        .map(tid => readFileSync(join(demo.keptProxmox, 'proc', shop, 'task', tid, 'status'), 'utf8'))
        .filter(text => text.includes('CPU '));
      const cpus = status.map(text => /^Cpus_allowed_list:\t(\d+)$/m.exec(text)?.[1]);
      expect([cpus.length, new Set(cpus).size, cpus.includes(undefined)]).toEqual([12, 12, false]);
      expect(existsSync(join(demo.keptProxmox, 'run/qemu-server/102.pid'))).toBe(false);
    } finally {
      for (const root of [demo.kept, demo.keptProxmox]) rmSync(root, { recursive: true });
    }
  });

  test('keeps its nodes in a folder that is named, with room still to be made, and never over something', () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-into-'));
    try {
      const { code, stdout } = runPinfold(['demo', '--into', folder]);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringContaining('analytics.json --root') as string,
      });
      expect(stdout).not.toMatch(/step of|✓ analytics/);
      const root = join(folder, 'opennebula');
      const words = ['rebalance', '--for', join(root, 'analytics.json'), '--root', root];
      expect(runPinfold([...words, '--dry-run']).stdout).toContain('analytics then fits on cell 3.');
      expect(runPinfold(['status', '--root', join(folder, 'proxmox')]).stdout).toContain('A 101');
      expect(runPinfold(['demo', '--into', folder])).toEqual({
        code: 2,
        stdout: '',
        stderr: `pinfold: The folder ${root} holds something already: remove it, or name another folder with --into.\n`,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
