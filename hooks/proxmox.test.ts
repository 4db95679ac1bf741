import type { Machine } from '../src/machines/machine.ts';
import { namedMachine, type MachineName } from '../src/machines/named-machines.ts';
import { bundleHook, ProxmoxTree } from '../src/testing/proxmox-tree.ts';

/** Each case starts several processes; a machine that does much else at once needs the time. */
jest.setTimeout(120_000);

const hook = bundleHook();
afterAll(hook.remove);
const nodes: ProxmoxTree[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.remove();
});

const FAST = { extra_specs: { 'hw:cpu_policy': 'dedicated' } };
const FLOAT = { ...FAST, on_refusal: 'float' };

/** A partition is a hundred writes in the tree, so most nodes go without. */
function nodeOf(
  machine: MachineName | Machine = 'laptop-1c',
  profiles: Readonly<Record<string, object>> = { fast: FAST },
  policy: object = { exclusivity: 'none' },
) {
  const node = new ProxmoxTree(hook.path, typeof machine === 'string' ? namedMachine(machine) : machine);
  nodes.push(node);
  node.policy(profiles, policy);
  return node;
}
const allEmpty = (node: ProxmoxTree) => {
  expect(node.leftovers()).toEqual([]);
  expect(node.holders()).toEqual([]);
};

describe('a start of a VM with a profile', () => {
  test('is born on its CPUs and cells, ends up with each vCPU on its own, and gives all back', async () => {
    const node = nodeOf('dual-socket-smt', { fast: FAST }, {});
    node.vm('101', { cores: 4, memory: 2048 });
    const worker = node.worker();
    const before = await node.phase('101', 'pre-start', { worker });
    expect(before).toEqual({
      code: 0,
      signal: null,
      log: 'pinfold: VM 101 on cell 0: vCPUs 0-3 on CPUs 0,16,1,17; emulator on 0-1,16-17; memory from cell 0.\n',
    });
    expect(node.holders()).toEqual([['101', 'leased', '0-1,16-17']]);
    expect(node.dropIn('101')).toMatch(/\n\[Scope\]\nDelegate=cpuset\nAllowedMemoryNodes=0\n$/);
    expect(node.workersCpus(worker)).toBe('0-1,16-17');
    expect(node.qemu('101', worker).code).toBe(0);
    expect(node.masks('101')).toEqual({ vcpus: Array(4).fill('0-1,16-17'), emulator: ['0-1,16-17'] });
    expect(node.read('/sys/fs/cgroup/qemu.slice/101.scope/cpuset.mems')).toBe('0\n');
    const after = await node.phase('101', 'post-start', { worker });
    expect(after.log).toMatch(
      /^pinfold: VM 101 runs as decided: 4 vCPU threads on CPUs 0-1,16-17; \d+ other threads on 2-15,18-31\.\npinfold: CPUs 0-1,16-17 belong to .* \(partition\)\.\n$/,
    );
    expect(node.masks('101')).toEqual({ vcpus: ['0', '16', '1', '17'], emulator: expect.anything() });
    // All but those that the kernel withholds from everybody else.
    expect(node.workersCpus(worker)).toBe('2-15,18-31');
    expect(node.holders()).toEqual([['101', 'observed', '0-1,16-17']]);
    expect(node.leftovers()).toEqual(['101.scope.d']);
    expect(await node.stop('101')).toEqual({ code: 0, signal: null, log: '' });
    allEmpty(node);
  });

  test('whose drop-in systemd did not see is held to its cells while it runs, and its memory moves', async () => {
    const node = nodeOf(
      'dual-socket-smt',
      { fast: { extra_specs: { ...FAST.extra_specs, 'pinfold:cells': '1' } } },
      {},
    );
    node.vm('101', { memory: 64 });
    const worker = node.worker();
    await node.phase('101', 'pre-start', { worker });
    // As if the nudge had done nothing, and the mask had been taken off too early.
    node.put('/run/systemd/.paths-seen', '');
    expect(node.qemu('101', null).code).toBe(0);
    const pages = () => node.read(`/proc/${node.pidOf('101')!}/numa_maps`);
    expect(pages()).toMatch(/ N0=16384 /);
    const { log } = await node.phase('101', 'post-start', { worker });
    expect(log).toMatch(/WARN: pinfold: systemd had not seen the drop-in of VM 101, so its scope was set/);
    expect(log).toMatch(/by fences/);
    expect(node.read('/sys/fs/cgroup/qemu.slice/101.scope/cpuset.mems')).toBe('1\n');
    expect(pages()).toMatch(/ N1=16384 /);
  });

  test.each([
    ['fence', /^AllowedCPUs=0-1$/m, '0-3'],
    ['none', /^AllowedMemoryNodes=0$/m, '0-1'],
  ])('under exclusivity %s has what that needs in its drop-in', async (exclusivity, setting, cpus) => {
    const node = nodeOf();
    node.policy({ fast: FAST }, { exclusivity });
    node.vm('101');
    const worker = node.worker();
    await node.phase('101', 'pre-start', { worker });
    expect(node.dropIn('101')).toMatch(setting);
    expect(node.dropIn('101')).not.toContain('Delegate');
    // Where the scope is held to its CPUs, the worker need not be.
    expect(node.workersCpus(worker)).toBe(cpus);
  });

  test('gives iothreads CPUs of their own by the word of the monitor, for their names tell nothing', async () => {
    const specs = { 'hw:cpu_policy': 'dedicated', 'pinfold:iothreads': 'isolate' };
    const node = nodeOf('dual-socket-smt', { fast: { extra_specs: specs } });
    node.vm('101', { lines: ['virtio0: local:101/disk.qcow2,iothread=1'] });
    const words = ['-object', 'iothread,id=iothread-virtio0'];
    const { log } = await node.start('101', { words });
    const own = /iothreads on (\d+)/.exec(log)?.[1];
    const tid = /"thread-id":(\d+)/.exec(node.read('/run/qemu-server/101.qmp') ?? '')![1]!;
    expect(node.read(`/proc/${node.pidOf('101')!}/task/${tid}/status`)).toMatch(
      new RegExp(`^Cpus_allowed_list:\t${own!}$`, 'm'),
    );
  });

  test('gets realtime vCPUs scheduled so', async () => {
    const specs = { 'hw:cpu_policy': 'dedicated', 'hw:cpu_realtime': 'yes', 'hw:cpu_realtime_mask': '^0' };
    const node = nodeOf('laptop-1c', { fast: { extra_specs: specs } });
    node.vm('101');
    expect(await node.start('101')).toMatchObject({ started: true });
    expect(node.runs().filter(run => run.startsWith('chrt'))).toHaveLength(1);
  });
});

describe('a VM without a policy', () => {
  test.each([[''], ['web;prod']])('with the tags "%s" starts at once, nothing written or run', async tags => {
    const node = nodeOf();
    node.vm('101', { tags });
    expect(await node.start('101')).toEqual({ started: true, log: '', signal: null });
    expect(await node.stop('101')).toEqual({ code: 0, signal: null, log: '' });
    expect(node.list('/run/pinfold')).toEqual([]);
    expect(node.list('/run/systemd/system')).toEqual([]);
  });

  test('still loses what an earlier start with one has left', async () => {
    const node = nodeOf();
    node.vm('101');
    const worker = node.worker();
    await node.phase('101', 'pre-start', { worker });
    node.vm('101', { tags: '' });
    expect(await node.phase('101', 'pre-start', { worker })).toEqual({ code: 0, signal: null, log: '' });
    expect([node.leftovers(), node.workersCpus(worker)]).toEqual([[], '0-3']);
  });

  test('with an affinity of its user is counted, and one with both is left to its user', async () => {
    const node = nodeOf();
    node.vm('100', { cores: 1, tags: '', lines: ['affinity: 0'] });
    node.vm('101', { cores: 3 });
    node.vm('102', { cores: 4 });
    node.vm('103', { lines: ['affinity: 1'] });
    await node.start('100');
    expect((await node.start('102')).started).toBe(false);
    expect((await node.start('101')).started).toBe(true);
    expect([...node.masks('101').vcpus].sort()).toEqual(['1', '2', '3']);
    const both = await node.start('103');
    expect(both.started).toBe(true);
    expect(both.log).toMatch(/^WARN: pinfold: VM 103 has "affinity" in its config, [^\n]*\n$/);
    expect(node.masks('103').vcpus).toEqual(['1', '1']);
  });
});

describe('a VM that does not fit', () => {
  test('is refused with the numbers under strict, and nothing is left of it', async () => {
    const node = nodeOf();
    node.vm('101', { cores: 5 });
    const { started, log } = await node.start('101');
    expect(started).toBe(false);
    expect(log).toMatch(/^pinfold: VM 101 is not started: [A-Z][^\n]*\b5\b[^\n]*\b4\b[^\n]*\.\n$/);
    allEmpty(node);
  });

  test('starts within one cell and with a warning where it may float', async () => {
    const node = nodeOf('laptop-1c', { fast: FLOAT });
    node.vm('101', { cores: 5 });
    const { started, log } = await node.start('101');
    expect(started).toBe(true);
    expect(log).toMatch(/^WARN: pinfold: .*\b5\b.* starts without CPUs of its own/);
    expect(node.masks('101').vcpus).toEqual(Array(5).fill('0-3'));
  });

  test.each([
    ['a profile that does not exist', { tags: 'pin-fats' }, /profile "fats".*nearest is "fast"/],
    ['two profiles', { tags: 'pin-fast;pin-slow' }, /name 2 profiles/],
  ])('because of %s is refused in one sentence', async (_, vm, sentence) => {
    const node = nodeOf('laptop-1c', { fast: FAST, slow: FAST });
    node.vm('101', vm);
    const { started, log } = await node.start('101');
    expect([started, log]).toEqual([false, expect.stringMatching(sentence)]);
    expect(log.trim().split('\n')).toHaveLength(1);
  });
});

describe('a guest whose config binds its cells', () => {
  const EIGHT_CELLS: Machine = {
    ...namedMachine('epyc-nps4'),
    coresPerCell: 2,
    threadsPerCore: 1,
    coresPerCache: 2,
    devices: [],
  };
  const TWO = {
    extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '2' },
    requeue: true,
  };
  const numa = (...cells: readonly number[]) => [
    'numa: 1',
    ...cells.map(
      (cell, at) => `numa${at}: cpus=${2 * at}-${2 * at + 1},hostnodes=${cell},memory=512,policy=bind`,
    ),
  ];
  const words = (...cells: readonly number[]) =>
    cells.flatMap((cell, at) => [
      '-object',
      `memory-backend-ram,id=ram-node${at},size=512M,host-nodes=${cell},policy=bind`,
    ]);
  const bound = (profile: object = TWO) => {
    const node = nodeOf(EIGHT_CELLS, {
      two: profile,
      all: { extra_specs: { ...FAST.extra_specs, 'pinfold:cells': '5' } },
    });
    node.vm('101', { cores: 4, memory: 1024, tags: 'pin-two', lines: numa(2, 5) });
    node.vm('102', { cores: 1, tags: 'pin-all' });
    return node;
  };

  test('gets those cells while they have room', async () => {
    const node = bound();
    const { started, log } = await node.start('101', { words: words(2, 5) });
    expect([started, log]).toEqual([true, expect.stringMatching(/^pinfold: VM 101 on cells 2,5: /)]);
    expect(node.read('/sys/fs/cgroup/qemu.slice/101.scope/cpuset.mems')).toBe('2,5\n');
  });

  test('gets others and is started again when they have none, in a plain start whose profile allows it, once', async () => {
    const node = bound();
    await node.start('102');
    const { started, log } = await node.start('101', { words: words(2, 5) });
    expect([started, log]).toEqual([
      false,
      expect.stringMatching(/cells of its config any more.*started again/),
    ]);
    const config = node.read('/etc/pve/qemu-server/101.conf')!;
    const cells = [...config.matchAll(/hostnodes=(\d)/g)].map(found => Number(found[1]));
    expect(cells).toHaveLength(2);
    expect(cells).not.toContain(5);
    expect(node.runs().filter(run => run.startsWith('systemd-run --no-block'))).toHaveLength(1);
    expect(node.leftovers()).toEqual(['102.scope.d']);
    expect((await node.start('101', { words: words(cells[0]!, cells[1]!) })).started).toBe(true);
    node.crash('101');
    node.vm('101', { cores: 4, memory: 1024, tags: 'pin-two', lines: numa(2, 5) });
    const again = await node.start('101', { words: words(2, 5) });
    expect([again.started, again.log]).toEqual([
      false,
      expect.stringMatching(/binds its memory to host cells 2,5, where it does not fit now: .*later\.\n$/),
    ]);
  });

  test('is refused with what to do when they have none and its profile does not allow it', async () => {
    const node = bound({ ...TWO, requeue: false });
    await node.start('102');
    const { started, log } = await node.start('101');
    expect([started, log]).toEqual([false, expect.stringMatching(/host cells 2,5.*"requeue: true"/)]);
  });

  test.each([
    ['two guest cells', 4, [2, 5]],
    ['one guest cell', 2, [5]],
  ])(
    'of %s starts without a placement under float where they have no CPU left, and not with its scope held to other cells',
    async (_, cores, cells) => {
      const node = bound({
        extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': String(cells.length) },
        on_refusal: 'float',
      });
      node.vm('102', { cores: 2, tags: 'pin-all' });
      node.vm('101', { cores, memory: 512 * cells.length, tags: 'pin-two', lines: numa(...cells) });
      expect((await node.start('102')).started).toBe(true);
      const { started, log } = await node.start('101', { words: words(...cells) });
      expect([started, log]).toEqual([true, expect.stringMatching(/does not fit now.*policy says float/)]);
      expect(node.leftovers()).toEqual(['102.scope.d']);
    },
  );

  const ha = (node: ProxmoxTree) => {
    node.put('/etc/pve/ha/resources.cfg', 'vm: 101\n\tstate started\n');
  };
  const lock = (name: string) => (node: ProxmoxTree) => {
    node.put(
      '/etc/pve/qemu-server/101.conf',
      `${node.read('/etc/pve/qemu-server/101.conf')!}lock: ${name}\n`,
    );
  };
  const upid = (type: string) => `task UPID:n:00000001:00000001:00000001:${type}:101:root@pam:`;
  const none = () => undefined;
  const cases: [string, (node: ProxmoxTree) => void, { title?: string }, string][] = [
    ['under HA', ha, {}, 'the HA manager starts it'],
    ['resumed', lock('suspended'), {}, 'it is resumed'],
    ['rolled back', none, { title: upid('qmrollback') }, 'it is rolled back'],
    ['restored live', lock('create'), {}, 'it is restored'],
    ['moved here from another cluster', none, { title: upid('qmtunnel') }, 'it comes in by migration'],
  ];
  test.each(cases)(
    'is never ended when it is %s, but starts on them and says so',
    async (_, prepare, how, why) => {
      const node = bound();
      await node.start('102');
      prepare(node);
      const config = node.read('/etc/pve/qemu-server/101.conf');
      const { started, log } = await node.start('101', { words: words(2, 5), ...how });
      expect([started, log]).toEqual([
        true,
        expect.stringContaining(`because ${why}, it is started all the same`),
      ]);
      expect(node.read('/etc/pve/qemu-server/101.conf')).toBe(config);
      expect(node.holders()).toContainEqual(['101', 'observed', ';']);
    },
  );

  test('comes in by migration: its config in the other node is read, never written, and it takes CPUs here', async () => {
    const node = bound();
    await node.start('102');
    const config = node.read('/etc/pve/qemu-server/101.conf')!;
    node.put('/etc/pve/nodes/other/qemu-server/101.conf', config);
    node.put('/etc/pve/qemu-server/101.conf', 'tags: pin-nonsense\n');
    const { log } = await node.start('101', { env: { PVE_MIGRATED_FROM: 'other' }, words: words(2, 5) });
    expect(log).toMatch(/it comes in by migration, it is started all the same/);
    expect(node.read('/etc/pve/nodes/other/qemu-server/101.conf')).toBe(config);
    expect(node.runs().some(run => run.startsWith('systemd-run'))).toBe(false);
  });
});

describe('a start that is over in a moment', () => {
  test.each([
    ['a backup of a stopped VM', ['lock: backup'], /up only for a backup/],
    ['its template', ['template: 1'], /up only for a task on its template/],
  ])('for %s takes nothing and masks nobody', async (_, lines, sentence) => {
    const node = nodeOf();
    node.vm('101', { cores: 5, lines });
    const worker = node.worker('task UPID:n:00000001:00000001:00000001:vzdump::root@pam:');
    const { code, log } = await node.phase('101', 'pre-start', { worker });
    expect([code, log]).toEqual([0, expect.stringMatching(/backup/)]);
    const plain = await node.phase('101', 'pre-start', { worker: node.worker('vzdump') });
    expect(plain.log).toMatch(sentence);
    allEmpty(node);
  });
});

describe('a backup in mode stop, which ends a guest and starts it for good', () => {
  const VZDUMP = 'task UPID:n:00000001:00000001:00000001:vzdump::root@pam:';
  const locked = (node: ProxmoxTree) => {
    node.vm('101', { cores: 2, lines: ['lock: backup'] });
  };
  const cpus = (node: ProxmoxTree) => node.masks('101').vcpus.filter(mask => /^\d+$/.test(mask));

  test.each<[string, (node: ProxmoxTree) => unknown]>([
    ['after its stop', node => node.stop('101')],
    [
      'before qm cleanup could say so',
      node => {
        node.crash('101');
      },
    ],
  ])('is placed again by the backup %s, whose task keeps its own CPUs', async (_, end) => {
    const node = nodeOf();
    node.vm('101', { cores: 2 });
    await node.start('101');
    locked(node);
    await end(node);
    const worker = node.worker(VZDUMP);
    const before = await node.phase('101', 'pre-start', { worker });
    expect([before.code, before.log]).toEqual([0, expect.stringMatching(/^pinfold: VM 101 on cell 0: /)]);
    expect(node.workersCpus(worker) ?? '0-3').toBe('0-3');
    expect(node.qemu('101', worker).code).toBe(0);
    await node.phase('101', 'post-start', { worker });
    expect(new Set(cpus(node)).size).toBe(2);
    expect(node.holders()).toHaveLength(1);
    node.vm('101', { cores: 2 });
    await node.stop('101');
    allEmpty(node);
  });

  test('is remembered for one start: the next backup of the VM, which is stopped, places nothing', async () => {
    const node = nodeOf();
    node.vm('101', { cores: 2 });
    await node.start('101');
    locked(node);
    await node.stop('101');
    await node.start('101', { title: VZDUMP });
    node.vm('101', { cores: 2 });
    await node.stop('101');
    locked(node);
    const again = await node.start('101', { title: VZDUMP });
    expect(again.log).toMatch(/up only for a backup/);
    expect(node.holders()).toEqual([]);
  });

  test('gives back all that the guest held also where its stop cannot be noted', async () => {
    const node = nodeOf();
    node.vm('101', { cores: 2 });
    await node.start('101');
    locked(node);
    node.put('/run/pinfold/backup-stopped-101/in-the-way', '');
    await node.stop('101');
    expect(node.holders()).toEqual([]);
  });

  test('that failed lets qm start it again on CPUs of its own', async () => {
    const node = nodeOf();
    locked(node);
    const { started, log } = await node.start('101');
    expect([started, log]).toEqual([true, expect.stringMatching(/^pinfold: VM 101 on cell 0: /)]);
    expect(new Set(cpus(node)).size).toBe(2);
  });
});

describe('what nobody gave back', () => {
  test('a start whose QEMU never came: the next start of any VM finds its CPUs free, and the worker as it was', async () => {
    const node = nodeOf();
    node.vm('101', { cores: 4 });
    node.vm('102', { cores: 4 });
    const worker = node.worker();
    await node.phase('101', 'pre-start', { worker });
    // A worker that starts one VM after the other.
    const next = await node.phase('102', 'pre-start', { worker });
    expect(next.code).toBe(1);
    expect(node.workersCpus(worker)).toBe('0-3');
    await node.endWorker(worker);
    expect((await node.start('102')).started).toBe(true);
    expect(node.holders().map(([vm, source]) => [vm, source])).toEqual([['102', 'observed']]);
    expect(node.leftovers()).toEqual(['102.scope.d']);
  });

  test('the same VM may be started again by a worker that lives on', async () => {
    const node = nodeOf();
    node.vm('101', { cores: 4 });
    const worker = node.worker();
    await node.phase('101', 'pre-start', { worker });
    expect((await node.phase('101', 'pre-start', { worker })).code).toBe(0);
    expect(node.holders()).toHaveLength(1);
  });

  test('a guest that crashed, or left by migration without a hook being called', async () => {
    const node = nodeOf();
    node.vm('101', { cores: 4 });
    node.vm('102', { cores: 4 });
    await node.start('101');
    node.crash('101');
    expect((await node.start('102')).started).toBe(true);
    expect(node.holders().map(([vm]) => vm)).toEqual(['102']);
    expect(node.leftovers()).toEqual(['102.scope.d']);
  });

  test('a ledger that is lost is rebuilt from the drop-ins of what runs, burnt siblings included', async () => {
    const node = nodeOf('laptop-1c', {
      fast: FAST,
      alone: { extra_specs: { ...FAST.extra_specs, 'hw:cpu_thread_policy': 'isolate' } },
    });
    node.vm('101', { cores: 1, tags: 'pin-alone' });
    node.vm('102', { cores: 3 });
    await node.start('101');
    const before = node.holders();
    expect(before).toEqual([['101', 'observed', '0-1']]);
    node.put('/run/pinfold/ledger.json', 'no ledger');
    expect((await node.start('102')).log).toMatch(/The ledger .* was damaged.*not started/s);
    node.vm('102', { cores: 2 });
    await node.start('102');
    expect(node.holders()).toEqual([...before, ['102', 'observed', '2-3']]);
  });
});

describe('a hook that is killed', () => {
  const BEFORE = ['called', 'decided', 'leased', 'dropped-in', 'masked', 'nudged'];
  const AFTER = ['unmasked', 'settled', 'pinned', 'exclusive', 'moved', 'enforced'];
  const STOP = ['given-back', 'undropped'];
  const all = (node: ProxmoxTree) => {
    node.vm('101', { cores: 4 });
    node.vm('102', { cores: 4 });
  };
  const nextWorks = async (node: ProxmoxTree) => {
    expect(await node.start('102')).toMatchObject({ started: true, signal: null });
    expect(node.masks('102').vcpus.length).toBe(4);
    expect(node.holders().map(([vm, source]) => [vm, source])).toEqual([['102', 'observed']]);
    expect(node.leftovers()).toEqual(['102.scope.d']);
  };

  test.each(BEFORE)('in pre-start behind "%s" leaves nothing that the next start trips over', async point => {
    const node = nodeOf();
    all(node);
    expect(await node.start('101', { env: { PINFOLD_KILL_AT: point } })).toMatchObject({ signal: 'SIGKILL' });
    await nextWorks(node);
  });

  test.each(AFTER)('in post-start behind "%s" leaves the guest its CPUs until it stops', async point => {
    const node = nodeOf('laptop-1c', { fast: FAST }, point === 'exclusive' ? {} : { exclusivity: 'none' });
    all(node);
    expect(await node.start('101', { env: { PINFOLD_KILL_AT: point } })).toMatchObject({ signal: 'SIGKILL' });
    expect((await node.start('102')).started).toBe(false);
    expect(node.holders().map(([vm]) => vm)).toEqual(['101']);
    await node.stop('101');
    await nextWorks(node);
  });

  test.each(STOP)('in post-stop behind "%s" leaves the rest to the next start', async point => {
    const node = nodeOf();
    all(node);
    await node.start('101');
    expect(await node.stop('101', { PINFOLD_KILL_AT: point })).toMatchObject({ signal: 'SIGKILL' });
    await nextWorks(node);
  });
});

test('of 32 starts at once none shares a CPU with another, and no lease is left', async () => {
  const node = nodeOf('dual-socket-smt');
  const ids = Array.from({ length: 32 }, (_, at) => String(101 + at));
  for (const id of ids) node.vm(id, { cores: 1, memory: 64 });
  const ends = await Promise.all(ids.map(async id => ({ id, ...(await node.start(id)) })));
  const runs = ends.filter(({ started }) => started);
  // Where the machine does much else, the last of them wait longer than a start waits for its turn.
  for (const { started, log } of ends) if (!started) expect(log).toMatch(/Another start held the lock/);
  expect(runs.length).toBeGreaterThanOrEqual(16);
  const cpus = runs.flatMap(({ id }) => node.masks(id).vcpus);
  expect(cpus).toHaveLength(runs.length);
  expect(new Set(cpus).size).toBe(runs.length);
  expect(node.holders().every(([, source]) => source === 'observed')).toBe(true);
});

test('a call that is none of Proxmox VE is answered in one sentence, which the snippet takes for a fault and not for a refusal', async () => {
  const node = nodeOf();
  const worker = node.worker();
  for (const [vmid, phase] of [
    ['../101', 'pre-start'],
    ['101', 'start'],
  ] as const) {
    const { code, log } = await node.phase(vmid, phase, { worker, env: { PINFOLD_REFUSED: '100' } });
    expect([code, log]).toEqual([
      1,
      expect.stringMatching(/^pinfold: This is no call of Proxmox VE's: [^\n]*\.\n$/),
    ]);
  }
  node.vm('101', { cores: 9 });
  expect((await node.phase('101', 'pre-start', { worker, env: { PINFOLD_REFUSED: '100' } })).code).toBe(100);
});
