import { PlacedNode } from '../../testing/placed-node.ts';

jest.setTimeout(60_000);
const node = new PlacedNode('dual-socket-smt');
afterAll(() => {
  node.remove();
});

test('a guest with a vCPU that was plugged in stays as a whole, because its request says nothing of that vCPU', async () => {
  node.policy('strategy: pack\n');
  const dedicated = { HW_CPU_POLICY: 'dedicated' };
  await node.started(1, { vcpus: 1, pinfold: dedicated });
  await node.started(2, { vcpus: 2, maxVcpus: 3, pinfold: dedicated });
  await node.virsh('setvcpus', 'one-2', '3', '--live');
  await node.reconcile();
  const before = node.entry('one-2');
  expect(Object.keys(before.placement!.pins)).toHaveLength(3);
  await node.virsh('destroy', 'one-1');
  const { fixed, done } = await node.rebalance({ newcomer: null });
  expect(fixed).toEqual([
    {
      vm: 'one-2',
      reason: 'it has 1 vCPU more than it was started with, whose place only its next start decides',
    },
  ]);
  expect(done).toBe(0);
  expect(node.entry('one-2')).toEqual(before);
});
