import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { bundleHook, ProxmoxTree } from '../../testing/proxmox-tree.ts';
import { readExclusivityState } from '../exclusivity/exclusivity-state.ts';
import { leaveNode } from './leave-node.ts';

const STATE = '/run/pinfold';
const hook = bundleHook();
afterAll(() => {
  hook.remove();
});

describe.each(['partition', 'fence'])(
  'a node with a guest behind a %s, when the package goes',
  exclusivity => {
    const tree = new ProxmoxTree(hook.path, namedMachine('dual-socket-smt'));
    const node = openTreeNode(tree.root);
    const place = {
      node,
      lock: fileLock(`${tree.root}${STATE}/cgroup-lock`),
      stateFile: `${STATE}/exclusivity.json`,
    };
    afterAll(() => tree.remove());

    test('keeps no CPU from anybody and no drop-in, and leaves the guest on its pins', async () => {
      tree.policy(
        { fast: { extra_specs: { 'hw:cpu_policy': 'dedicated' } } },
        { exclusivity, cpu_dedicated_set: '2-15', cpu_shared_set: '0-1' },
      );
      tree.vm('101');
      const { started, log } = await tree.start('101');
      expect([started, log]).toEqual([true, expect.any(String)]);
      const masks = tree.masks('101');
      const held = readExclusivityState(node, place.stateFile);
      expect(held.guests.map(({ vm }) => vm)).toEqual(['101']);
      expect(tree.leftovers()).toContain('101.scope.d');

      const busy = { acquire: () => Promise.reject(new AppError('lock-busy', EXIT.state, 'It is busy.')) };
      const dropIn = tree.read('/run/systemd/system/101.scope.d/50-pinfold.conf')!;
      expect(await leaveNode({ ...place, lock: busy }, STATE)).toEqual(['It is busy.']);
      expect(tree.leftovers()).toEqual([]);
      tree.put('/run/systemd/system/101.scope.d/50-pinfold.conf', dropIn);

      expect(await leaveNode(place, STATE)).toEqual([]);
      expect(readExclusivityState(node, place.stateFile)).toEqual({ guests: [], fences: [] });
      expect(tree.leftovers()).toEqual([]);
      expect(tree.masks('101').vcpus).toEqual(masks.vcpus);
      expect(await leaveNode(place, STATE)).toEqual([]);
    });
  },
);

test('a fence that stayed when a stop was killed goes with the package, too', async () => {
  const tree = new ProxmoxTree(hook.path, namedMachine('dual-socket-smt'));
  const node = openTreeNode(tree.root);
  const stateFile = `${STATE}/exclusivity.json`;
  const place = { node, lock: fileLock(`${tree.root}${STATE}/cgroup-lock`), stateFile };
  const held = () => tree.read('/sys/fs/cgroup/qemu.slice/102.scope/cpuset.cpus')?.trim();
  try {
    tree.policy(
      { fast: { extra_specs: { 'hw:cpu_policy': 'dedicated' } } },
      { exclusivity: 'fence', cpu_dedicated_set: '2-15', cpu_shared_set: '0-1' },
    );
    tree.vm('101');
    tree.vm('102', { tags: '' });
    await tree.start('102');
    await tree.start('101');
    const fenced = held();
    tree.crash('101');
    const { guests, ...kept } = JSON.parse(tree.read(stateFile)!) as { readonly guests: readonly unknown[] };
    expect(guests).toHaveLength(1);
    tree.put(stateFile, JSON.stringify({ ...kept, guests: [] }));
    expect(await leaveNode(place, STATE)).toEqual([]);
    expect([fenced, held()]).toEqual(['0-7,10-31', '0-31']);
    expect(readExclusivityState(node, stateFile)).toEqual({ guests: [], fences: [] });
  } finally {
    await tree.remove();
  }
});
