import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodePort } from '../../app/ports.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { openTreeNode } from '../embedded/tree-node.ts';
import { writeTree } from '../local/write-tree.ts';
import { guestControl } from './guest-control.ts';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

/** dual-socket-smt with the guest `a` of two vCPUs and an iothread; `plain` takes libvirt's mark from it. */
async function nodeWith({ plain = false, scope = '' } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-guest-control-'));
  roots.push(root);
  writeTree(renderMachine(namedMachine('dual-socket-smt')), root);
  const tree = openTreeNode(root);
  tree.writeAtomically(
    '/tmp/a.xml',
    `<domain type='kvm'><name>a</name><vcpu>2</vcpu><iothreads>1</iothreads><memory unit='MiB'>64</memory></domain>`,
  );
  await tree.run(['virsh', 'create', '/tmp/a.xml']);
  const [qemu] = readQemuProcesses(tree.files);
  const path = `/proc/${qemu!.pid}/cmdline`;
  if (plain) tree.writeAtomically(path, (tree.files.read(path) ?? '').replace(/-uuid\0[^\0]*\0/, ''));
  const group = `0::${scope === '' ? '/' : `/qemu.slice/${scope}`}\n`;
  if (plain) tree.writeAtomically(`/proc/${qemu!.pid}/cgroup`, group);
  const calls: string[] = [];
  const node: NodePort = {
    ...tree,
    run: (argv, options) => {
      calls.push(argv.join(' '));
      return argv[0] === 'systemctl'
        ? Promise.resolve({ code: 0, stdout: '', stderr: '' })
        : tree.run(argv, options);
    },
  };
  const control = guestControl({ node, uri: 'qemu:///system', scratch: '/run/pinfold' });
  const masks = (role: string) =>
    readQemuThreads(tree.files, qemu!.pid)
      .filter(thread => thread.role === role)
      .map(({ allowed }) => allowed.toString());
  const memory = () =>
    readResidence(tree.files.read(`/proc/${qemu!.pid}/numa_maps`) ?? '').map(({ cell, mib }) => [cell, mib]);
  return { control, calls, masks, memory, pid: qemu!.pid };
}

describe('a guest of libvirt', () => {
  test('is pinned with virsh, so that its cgroups and its XML say the same as its threads', async () => {
    const { control, calls, masks } = await nodeWith();
    expect(await control.pinVcpu('a', 1, '5')).toBeNull();
    expect(await control.pinEmulator('a', '6-7')).toBeNull();
    expect(await control.pinIothread('a', 1, '8')).toBeNull();
    expect([masks('vcpu')[1], new Set(masks('emulator')), masks('iothread')]).toEqual([
      '5',
      new Set(['6-7']),
      ['8'],
    ]);
    expect(calls.every(call => call.startsWith('virsh '))).toBe(true);
  });

  test('gets pages back with migratepages, because libvirt has no call for it', async () => {
    const { control, memory } = await nodeWith();
    const [[home]] = memory() as [[number, number]];
    expect(await control.returnPages('a', String(home), String(1 - home))).toBeNull();
    expect(memory()).toEqual([[1 - home, 64]]);
  });
});

describe('a guest that is a plain process', () => {
  test('is pinned thread by thread, each role by its own', async () => {
    const { control, calls, masks } = await nodeWith({ plain: true });
    expect(await control.pinVcpu('a', 0, '4')).toBeNull();
    expect(await control.pinEmulator('a', '2-3')).toBeNull();
    expect([masks('vcpu')[0], new Set(masks('emulator'))]).toEqual(['4', new Set(['2-3'])]);
    expect(masks('iothread')).not.toContain('2-3');
    expect(calls.some(call => call.startsWith('virsh '))).toBe(false);
  });

  test("answers the kernel's words for a CPU that is not there, and names a vCPU that has no thread", async () => {
    const { control } = await nodeWith({ plain: true });
    expect(await control.pinVcpu('a', 0, '4000')).toMatch(
      /failed to set pid \d+'s affinity: Invalid argument/,
    );
    expect(await control.pinVcpu('a', 7, '4')).toBe('a has no thread that is named as vCPU 7');
    expect(await control.pinVcpu('b', 0, '4')).toBe('no QEMU process of b runs here');
  });

  test('moves its memory by the cells of its scope, and with migratepages where it is in none', async () => {
    const scoped = await nodeWith({ plain: true, scope: '100.scope' });
    expect(await scoped.control.moveMemory('a', '1')).toBeNull();
    expect(scoped.calls).toEqual(['systemctl set-property --runtime 100.scope AllowedMemoryNodes=1']);
    const loose = await nodeWith({ plain: true });
    expect(await loose.control.moveMemory('a', '1')).toBeNull();
    expect(loose.memory()).toEqual([[1, 64]]);
    expect(await loose.control.moveMemory('a', '9')).toMatch(/invalid/);
  });
});
