import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { Reconciliation } from '../../domain/drift.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { runPinfold } from '../../testing/built-program.ts';
import { bundleHook, ProxmoxTree } from '../../testing/proxmox-tree.ts';

jest.setTimeout(60_000);
const hook = bundleHook();
afterAll(() => {
  hook.remove();
});
let node: ProxmoxTree;
beforeEach(async () => {
  node = new ProxmoxTree(hook.path, namedMachine('dual-socket-smt'));
  node.policy({
    fast: {
      extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:emulator_threads_policy': 'isolate' },
      on_refusal: 'strict',
    },
  });
  node.vm('101');
  expect(await node.start('101')).toMatchObject({ started: true });
});
afterEach(() => node.remove());

const reconcile = (...words: string[]) => {
  const { stdout, stderr } = runPinfold(['reconcile', '--root', node.root, '--json', ...words]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Reconciliation;
};
const told = ({ drift }: Reconciliation) =>
  drift.map(({ vm, code, cause, subject, repair }) => [vm, code, cause, subject, repair].join(' | '));
const isMended = (...wanted: string[]) => {
  expect(told(reconcile('--dry-run'))).toEqual(wanted.map(line => `${line} | planned`));
  expect(told(reconcile())).toEqual(wanted.map(line => `${line} | done`));
  expect(reconcile()).toMatchObject({ drift: [], changes: [] });
};
const tree = () => openTreeNode(node.root);
const tidOf = (index: number) =>
  readQemuThreads(tree().files, node.pidOf('101')!).find(
    thread => thread.role === 'vcpu' && thread.index === index,
  )!.tid;

describe('a guest of Proxmox VE', () => {
  test('that is as it was started has nothing to tell', () => {
    expect(reconcile()).toMatchObject({ drift: [], changes: [] });
  });

  test('whose vCPU was taken to another CPU of its guest by hand gets it back', async () => {
    const [own, other] = node.masks('101').vcpus;
    expect((await tree().run(['taskset', '-pc', other!, `${tidOf(0)}`])).code).toBe(0);
    isMended('101 | vcpu-astray | pinned-by-hand | vCPU 0');
    expect(node.masks('101').vcpus).toEqual([own, other]);
  });

  test('whose partition somebody has dissolved has its CPUs alone again', () => {
    const path = '/sys/fs/cgroup/qemu.slice/101.scope/vcpus/cpuset.cpus.partition';
    expect(node.read(path)?.trim()).toBe('root');
    expect(tree().writeInPlace(path, 'member')).toBeNull();
    const before = node.masks('101').vcpus;
    isMended('101 | exclusivity-lost | unknown | dedicated CPUs');
    expect(node.read(path)?.trim()).toBe('root');
    expect(node.masks('101').vcpus).toEqual(before);
  });

  test('of whole cores that came while a sibling was offline has it fenced off for itself when it is back', async () => {
    expect((await node.stop('101')).code).toBe(0);
    node.policy(
      {
        fast: {
          extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:cpu_thread_policy': 'isolate' },
          on_refusal: 'strict',
        },
      },
      { cpu_dedicated_set: '1,17', cpu_shared_set: '0' },
    );
    const lists = ['/sys/devices/system/cpu/online', '/sys/devices/system/node/node0/cpulist'];
    const before = lists.map(path => [path, node.read(path)!] as const);
    for (const [path, text] of before)
      node.put(path, `${parseCpuList(text.trim()).minus(parseCpuList('17')).toString()}\n`);
    node.vm('101', { cores: 1 });
    expect(await node.start('101')).toMatchObject({ started: true });
    for (const [path, text] of before) node.put(path, text);
    isMended('101 | exclusivity-lost | cpu-back-online | siblings');
    expect(node.holders()).toEqual([['101', 'observed', '1,17']]);
    expect(node.masks('101').vcpus).toEqual(['1']);
    const fenced = ['system.slice', 'user.slice', 'init.scope'].map(
      group => node.read(`/sys/fs/cgroup/${group}/cpuset.cpus.effective`)?.trim() ?? '',
    );
    expect(fenced.filter(cpus => parseCpuList(cpus).has(17))).toEqual([]);
  });

  test('that is gone without a word leaves nothing behind', () => {
    node.crash('101');
    const found = reconcile();
    expect(told(found)).toEqual(
      expect.arrayContaining([
        '101 | entry-stale | process-gone | ledger entry | done',
        expect.stringMatching(/^101 \| file-stale \| process-gone/),
      ]),
    );
    expect(node.dropIn('101')).toBeNull();
    expect(reconcile()).toMatchObject({ drift: [], changes: [] });
  });

  test('whose ledger is lost is known again by its drop-in', () => {
    rmSync(join(node.root, 'run/pinfold/ledger.json'));
    expect(reconcile()).toMatchObject({ drift: [] });
    expect(node.holders()).toMatchObject([['101', 'observed', expect.stringMatching(/\d/)]]);
    renameSync(join(node.root, 'run/pinfold/ledger.json'), join(node.root, 'run/pinfold/kept.json'));
    expect(told(reconcile('--dry-run'))).toEqual([]);
  });
});
