import { parseCpuList } from '../../domain/cpu-list.ts';
import { PlacedNode } from '../../testing/placed-node.ts';
import { takeOffline } from '../../testing/take-offline.ts';

jest.setTimeout(60_000);

/** dual-socket-smt: CPU c and CPU c + 16 are siblings; cell 0 has CPUs 0-7 and 16-23. */
let node: PlacedNode;
const sibling = (cpu: number) => (cpu + 16) % 32;
beforeEach(() => {
  node = new PlacedNode('dual-socket-smt');
});
afterEach(() => {
  node.remove();
});

const ISOLATE = { HW_CPU_POLICY: 'dedicated', HW_CPU_THREAD_POLICY: 'isolate' };
const REQUIRE = { HW_CPU_POLICY: 'dedicated', HW_CPU_THREAD_POLICY: 'require' };
const PLAIN = { HW_CPU_POLICY: 'dedicated' };

const cpuOf = (vm: string, vcpu = 0) => Number(node.vcpus(vm)[vcpu]);
const held = (vm: string) =>
  parseCpuList(
    node
      .entry(vm)
      .claim.cells.map(({ pcpus }) => pcpus)
      .join(','),
  );
const told = ({ drift }: Awaited<ReturnType<PlacedNode['preview']>>) =>
  drift.map(({ vm, code, cause, subject, repair }) => [vm, code, cause, subject, repair].join(' | '));
const SIBLINGS = 'one-1 | exclusivity-lost | cpu-back-online | siblings';

/** A guest of one whole core that came while the sibling of its CPU was offline; answers what brings that back. */
async function cameWithoutSibling(dedicated: string): Promise<() => void> {
  node.policy(`cpu_dedicated_set: "${dedicated}"\ncpu_shared_set: "0"\n`);
  const cpus = parseCpuList(dedicated);
  const back = takeOffline(node, sibling(cpus.first!));
  await node.started(1, { vcpus: 1, pinfold: ISOLATE });
  expect(held('one-1').toString()).toBe(`${cpus.first!}`);
  expect(told(await node.reconcile())).toEqual([]);
  return back;
}

describe('a guest of whole cores that came while a sibling was offline', () => {
  test('gets it when it is back, and keeps it idle as its others', async () => {
    const back = await cameWithoutSibling('1-2,17-18');
    back();
    expect(told(await node.preview())).toEqual([`${SIBLINGS} | planned`]);
    const { drift, changes } = await node.reconcile();
    expect(told({ drift } as never)).toEqual([`${SIBLINGS} | done`]);
    expect(drift[0]!.sentence).toBe(
      'one-1 wants whole cores and does not hold CPU 17 beside its own: that was offline when the guest got its place, and is back; mended (CPU 17 was free and is claimed for it).',
    );
    expect(changes).toEqual([]);
    expect(node.entry('one-1').claim.cells).toMatchObject([{ pcpus: '1,17', burnt: '17' }]);
    expect((await node.reconcile()).drift).toEqual([]);
    // Whoever comes next leaves it alone.
    await node.started(2, { vcpus: 2, pinfold: PLAIN });
    expect(held('one-2').toString()).toBe('2,18');
  });

  test('goes to another core when somebody else has it by then', async () => {
    const back = await cameWithoutSibling('1-2,17-18');
    back();
    await node.started(2, { vcpus: 1, pinfold: PLAIN });
    expect(cpuOf('one-2')).toBe(17);
    expect(told(await node.reconcile())).toEqual([`${SIBLINGS} | done`]);
    expect([cpuOf('one-1'), held('one-1').toString()]).toEqual([2, '2,18']);
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('stays, holds nothing that is not its own, and is told until its sibling is free', async () => {
    const back = await cameWithoutSibling('1,17');
    back();
    await node.started(2, { vcpus: 1, pinfold: PLAIN });
    for (let round = 0; round < 5; round += 1) {
      const { drift, changes } = await node.reconcile();
      expect([told({ drift } as never), changes]).toEqual([[`${SIBLINGS} | none`], []]);
      expect(drift[0]!.sentence).toMatch(
        /; one-2 has that by now, and no whole core for it is free on cell 0, so it runs on as it is until there is: /,
      );
      expect([held('one-1').toString(), held('one-2').toString()]).toEqual(['1', '17']);
    }
    await node.virsh('destroy', 'one-2');
    expect(told(await node.reconcile())).toContain(`${SIBLINGS} | done`);
    expect(held('one-1').toString()).toBe('1,17');
  });

  test('gets it from guests that float over it and can spare it, and they leave it in the same run', async () => {
    const back = takeOffline(node, 16);
    await node.started(1, { vcpus: 1, pinfold: ISOLATE });
    expect(held('one-1').toString()).toBe('0');
    await node.started(2, { vcpus: 1, pinfold: { PINFOLD_CONFINE: 'cell', PINFOLD_CELLS: '0' } });
    back();
    await node.reconcile();
    expect(held('one-1').toString()).toBe('0,16');
    expect(parseCpuList(node.vcpus('one-2')[0]!).has(16)).toBe(false);
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('gets a whole core when its own CPU goes offline as well', async () => {
    const back = await cameWithoutSibling('1-3,17-19');
    back();
    await node.started(2, { vcpus: 1, pinfold: PLAIN });
    expect(cpuOf('one-2')).toBe(17);
    takeOffline(node, 1);
    expect(told(await node.reconcile())).toContain('one-1 | cpu-offline | cpu-offline | vCPU 0 | done');
    expect(held('one-1').toString()).toBe('2,18');
  });
});

test('a guest of separate cores that loses a CPU has no two vCPUs on one core afterwards', async () => {
  await node.started(1, { vcpus: 2, pinfold: { ...PLAIN, PINFOLD_THREADS: 'separate' } });
  takeOffline(node, cpuOf('one-1'));
  await node.reconcile();
  const [first, second] = [cpuOf('one-1'), cpuOf('one-1', 1)];
  expect([first === second, sibling(first) === second]).toEqual([false, false]);
  expect((await node.reconcile()).drift).toEqual([]);
});

describe('a guest of siblings that loses a CPU', () => {
  test('goes to another core with both, and stays there when it is back', async () => {
    await node.started(1, { vcpus: 2, pinfold: REQUIRE });
    const own = cpuOf('one-1', 1);
    const back = takeOffline(node, own);
    expect(told(await node.reconcile())).toContain('one-1 | cpu-offline | cpu-offline | vCPU 1 | done');
    const [first, second] = [cpuOf('one-1'), cpuOf('one-1', 1)];
    expect([sibling(first), own === first, own === second]).toEqual([second, false, false]);
    expect(held('one-1').toArray()).toEqual([first, second].sort((a, b) => a - b));
    expect((await node.reconcile()).drift).toEqual([]);
    back();
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('without room for both runs with one apart, is told so, and comes together when there is room', async () => {
    node.policy('cpu_dedicated_set: "1-2,17"\ncpu_shared_set: "0"\n');
    await node.started(1, { vcpus: 2, pinfold: REQUIRE });
    expect(held('one-1').toString()).toBe('1,17');
    const back = takeOffline(node, 17);
    await node.reconcile();
    expect(held('one-1').toString()).toBe('1-2');
    const { drift } = await node.reconcile();
    expect(told({ drift } as never)).toEqual(['one-1 | vcpu-astray | cpu-offline | vCPU 0-1 | none']);
    expect(drift[0]!.sentence).toMatch(
      /^vCPU 0-1 of one-1 may run on 1,2 instead of siblings of one core: .*; no siblings for its vCPUs are free on cell 0/,
    );
    back();
    expect(told(await node.reconcile())).toEqual(['one-1 | vcpu-astray | unknown | vCPU 0-1 | done']);
    expect(held('one-1').toString()).toBe('1,17');
    expect((await node.reconcile()).drift).toEqual([]);
  });
});
