import { CgroupNode, countingLock } from '../../testing/cgroup-node.ts';
import type { NodePort } from '../ports.ts';
import { checkExclusive } from './check-exclusive.ts';
import type { ExclusivityMode } from './exclusivity.ts';
import { giveBackExclusive } from './give-back-exclusive.ts';
import { takeExclusive } from './take-exclusive.ts';

const STATE = '/run/pinfold/exclusivity.json';
const EXCLUSIVE = 'cpuset.cpus.exclusive';
const PARTITION = 'cpuset.cpus.partition';
const Q = '/qemu.slice';

const made: CgroupNode[] = [];
afterAll(() => {
  for (const host of made) host.end();
});

function world(kernel?: string) {
  const host = new CgroupNode(kernel);
  made.push(host);
  const lock = countingLock();
  const place = { node: host.node, lock, stateFile: STATE };
  /** Starts a guest whose vCPUs are pinned to these CPUs. */
  const start = async (vm: string, pins: readonly string[], burnt = '') => {
    const { scope, tids, emulator } = await host.guest(vm, pins);
    const vcpus = tids.map((tid, vcpu) => ({ tid, vcpu, cpus: pins[vcpu]! }));
    return { guest: { vm, scope, vcpus, burnt }, emulator, tids };
  };
  const state = () => host.node.files.read(STATE);
  return { host, lock, place, start, state };
}

/** A service, a login, a container and a guest without policy, each with a thread that may run anywhere. */
function bystanders(host: CgroupNode): Record<string, number> {
  const groups = {
    service: '/system.slice/cron.service',
    login: '/user.slice/user-0.slice',
    init: '/init.scope',
    container: '/lxc/200/ns',
    guest: '/qemu.slice/900.scope',
  };
  return Object.fromEntries(
    Object.entries(groups).map(([name, group]) => [name, host.process(group, { [name]: '' })[0]!]),
  );
}

const masksOf = (host: CgroupNode, threads: Record<string, number>) =>
  Object.fromEntries(Object.entries(threads).map(([name, tid]) => [name, host.mask(tid)]));
const everywhere = (cpus: string) => ({
  service: cpus,
  login: cpus,
  init: cpus,
  container: cpus,
  guest: cpus,
});

describe('a partition', () => {
  test('gives vCPUs their CPUs alone, leaves their pins and the emulator outside', async () => {
    const { host, place, start, lock } = world();
    const others = bystanders(host);
    const { guest, tids, emulator } = await start('101', ['2', '3']);
    const report = await takeExclusive(place, guest, 'auto');
    expect(report).toEqual({
      inForce: 'partition',
      sentences: [
        'CPUs 2-3 belong to the vCPUs of VM 101 alone: the kernel withholds them from everything else (partition).',
      ],
      repin: [],
    });
    expect(masksOf(host, others)).toEqual(everywhere('0-1,4-7'));
    expect([host.mask(emulator), ...tids.map(tid => host.mask(tid))]).toEqual(['0-1,4-7', '2', '3']);
    expect(host.read(guest.scope, 'cpuset.cpus')).toBe('');
    expect([lock.taken, lock.given]).toEqual([1, 1]);
  });

  test('holds the idle siblings of isolated vCPUs as well', async () => {
    const { host, place, start } = world();
    const { guest } = await start('101', ['2'], '6');
    await takeExclusive(place, guest, 'partition');
    expect(host.rootCpus).toBe('0-1,3-5,7');
  });

  test('leaves nothing when it is given back while the guest runs', async () => {
    const { host, place, start, state } = world();
    const others = bystanders(host);
    const { guest, tids } = await start('101', ['2', '3']);
    await takeExclusive(place, guest, 'auto');
    expect(await giveBackExclusive(place, guest)).toEqual({ inForce: 'none', sentences: [], repin: [] });
    expect(masksOf(host, others)).toEqual(everywhere('0-7'));
    expect([host.read(Q, EXCLUSIVE), host.read(guest.scope, EXCLUSIVE)]).toEqual(['', '']);
    expect(host.read(`${guest.scope}/vcpus`, 'cgroup.type')).toBeNull();
    expect([tids.map(tid => host.mask(tid)), state()]).toEqual([['2', '3'], null]);
  });

  test('of one guest outlives the coming, growing, shrinking and stop of the other', async () => {
    const { host, place, start } = world();
    const a = await start('101', ['2', '3']);
    const b = await start('102', ['4']);
    const of = (scope: string) => [
      host.read(`${scope}/vcpus`, PARTITION),
      host.read(`${scope}/vcpus`, 'cpuset.cpus.effective'),
    ];
    await takeExclusive(place, a.guest, 'partition');
    await takeExclusive(place, b.guest, 'partition');
    expect([of(a.guest.scope), of(b.guest.scope), host.read(Q, EXCLUSIVE)]).toEqual([
      ['root', '2-3'],
      ['root', '4'],
      '2-4',
    ]);
    await takeExclusive(place, { ...b.guest, burnt: '5-6' }, 'partition');
    expect([of(a.guest.scope), of(b.guest.scope), host.rootCpus]).toEqual([
      ['root', '2-3'],
      ['root', '4-6'],
      '0-1,7',
    ]);
    await takeExclusive(place, b.guest, 'partition');
    expect([of(a.guest.scope), host.read(Q, EXCLUSIVE), host.rootCpus]).toEqual([
      ['root', '2-3'],
      '2-4',
      '0-1,5-7',
    ]);
    host.stop(a.guest.scope, a.emulator);
    expect(host.read(Q, EXCLUSIVE)).toBe('2-4');
    expect(await giveBackExclusive(place, a.guest)).toMatchObject({ sentences: [] });
    expect([of(b.guest.scope), host.read(Q, EXCLUSIVE), host.rootCpus]).toEqual([
      ['root', '4'],
      '4',
      '0-3,5-7',
    ]);
  });

  test('takes a hotplugged vCPU in and lets an unplugged one go', async () => {
    const { host, place, start } = world();
    const { guest, tids } = await start('101', ['2', '3']);
    const one = { ...guest, vcpus: guest.vcpus.slice(0, 1) };
    const threads = () => host.read(`${guest.scope}/vcpus`, 'cgroup.threads');
    await takeExclusive(place, one, 'partition');
    expect([threads(), host.mask(tids[1]!)]).toEqual([`${tids[0]!}`, '3']);
    await takeExclusive(place, guest, 'partition');
    expect([threads(), host.rootCpus]).toEqual([tids.join('\n'), '0-1,4-7']);
    await takeExclusive(place, one, 'partition');
    expect([threads(), host.rootCpus, host.mask(tids[1]!)]).toEqual([`${tids[0]!}`, '0-1,3-7', '3']);
  });

  test('is given up whole when a vCPU thread is gone, and says so', async () => {
    const { host, place, start } = world();
    const { guest } = await start('101', ['2', '3']);
    const report = await takeExclusive(
      place,
      { ...guest, vcpus: [...guest.vcpus, { tid: 99, vcpu: 2, cpus: '4' }] },
      'partition',
    );
    expect(report).toMatchObject({ inForce: 'none', repin: [] });
    expect(report.sentences).toEqual([
      'Others may run on CPUs 2-4 of VM 101: the policy asks for a partition and nothing else, but cgroup.threads of /qemu.slice/101.scope/vcpus refused "99" (ESRCH).',
    ]);
    expect([
      host.rootCpus,
      host.read(Q, EXCLUSIVE),
      host.read(`${guest.scope}/vcpus`, 'cgroup.type'),
    ]).toEqual(['0-7', '', null]);
  });
});

describe('where a partition cannot be', () => {
  const because = {
    'kernel 6.1': 'this kernel has no cpuset.cpus.exclusive, which came with Linux 6.7',
    'a neighbour limited to one of the CPUs':
      'cpuset.cpus.exclusive of /qemu.slice/101.scope refused "2-3" (EINVAL), because a group beside it holds one of these CPUs or is limited to some of them',
    'a scope whose drop-in was not read':
      'systemd has not enabled the cpuset controller for /qemu.slice/101.scope, which its drop-in with Delegate=cpuset does',
  };

  test.each(Object.entries(because))('%s: auto falls back to fences and says why', async (name, reason) => {
    const { host, place, start } = world(name === 'kernel 6.1' ? '6.1.0-50-amd64' : undefined);
    const { guest } = await start('101', ['2', '3']);
    if (name.startsWith('a neighbour')) {
      host.process(`${Q}/102.scope`, { kvm: '' });
      host.write(`${Q}/102.scope`, 'cpuset.cpus', '3');
    }
    if (name.startsWith('a scope')) host.write(Q, 'cgroup.subtree_control', '-cpuset');
    expect(await takeExclusive(place, guest, 'partition')).toMatchObject({
      inForce: 'none',
      sentences: [
        `Others may run on CPUs 2-3 of VM 101: the policy asks for a partition and nothing else, but ${reason}.`,
      ],
    });
    const { inForce, sentences } = await takeExclusive(place, guest, 'auto');
    expect(inForce).toBe('fence');
    expect(sentences[0]).toContain(`; no partition, because ${reason}.`);
  });
});

describe('what the kernel says no to only when it is read back', () => {
  const scope = '/machine.slice/machine-qemu\\x2d1\\x2done\\x2d5.scope';
  /** libvirt's groups: one of each vCPU, one of the emulator, each limited to its CPUs. */
  const libvirts = (emulator: string) => {
    const { host, place, state } = world();
    const [main, first, second] = host.process(`${scope}/libvirt`, {
      qemu: '',
      'CPU 0/KVM': '',
      'CPU 1/KVM': '',
    });
    host.enableCpuset('', '/machine.slice', scope);
    const groups = { emulator: [main!, emulator], vcpu0: [first!, '2'], vcpu1: [second!, '3'] } as const;
    for (const name of Object.keys(groups)) {
      host.group(`${scope}/libvirt/${name}`);
      host.write(`${scope}/libvirt/${name}`, 'cgroup.type', 'threaded');
    }
    host.enableCpuset(`${scope}/libvirt`);
    for (const [name, [tid, cpus]] of Object.entries(groups)) {
      host.write(`${scope}/libvirt/${name}`, 'cpuset.cpus', cpus);
      host.write(`${scope}/libvirt/${name}`, 'cgroup.threads', `${tid}`);
    }
    const vcpus = [first!, second!].map((tid, vcpu) => ({ tid, vcpu, cpus: `${vcpu + 2}` }));
    return { host, place, state, guest: { vm: 'one-5', scope, vcpus } };
  };

  test("libvirt's groups of vCPUs become partitions where its emulator is elsewhere", async () => {
    const { host, place, guest } = libvirts('0');
    expect(await takeExclusive(place, guest, 'auto')).toMatchObject({ inForce: 'partition' });
    expect(host.rootCpus).toBe('0-1,4-7');
    await giveBackExclusive(place, guest);
    expect([host.rootCpus, host.read('/machine.slice', EXCLUSIVE)]).toEqual(['0-7', '']);
    expect(guest.vcpus.map(({ tid }) => host.mask(tid))).toEqual(['2', '3']);
  });

  test('an emulator that floats over the same CPUs leaves fences, and nothing of the attempt', async () => {
    const { host, place, guest } = libvirts('2-3');
    const { inForce, sentences } = await takeExclusive(place, guest, 'auto');
    expect(inForce).toBe('fence');
    expect(sentences[0]).toContain(
      `because the kernel says "invalid: Cpu list in cpuset.cpus not exclusive" for ${scope}/libvirt/vcpu0.`,
    );
    expect(['', '/vcpu0', '/vcpu1'].map(group => host.read(`${scope}/libvirt${group}`, EXCLUSIVE))).toEqual([
      '',
      '',
      '',
    ]);
    expect([host.read(`${scope}/libvirt/vcpu0`, PARTITION), host.read('/machine.slice', EXCLUSIVE)]).toEqual([
      'member',
      '',
    ]);
  });
});

test('an operator who asks for fences instead of a partition has the fences alone afterwards', async () => {
  const { host, place, start } = world();
  const { guest } = await start('101', ['2', '3']);
  await takeExclusive(place, guest, 'auto');
  expect(await takeExclusive(place, guest, 'fence')).toMatchObject({ inForce: 'fence' });
  expect([host.rootCpus, host.read(`${guest.scope}/vcpus`, 'cgroup.type')]).toEqual(['0-7', null]);
  expect(await takeExclusive(place, guest, 'auto')).toMatchObject({ inForce: 'partition' });
  expect(host.read('/system.slice', 'cpuset.cpus')).toBe('0-7');
});

test('fences that were being set when Pinfold was killed are lifted by the next who looks', async () => {
  const { host, place, start, state } = world();
  const others = bystanders(host);
  const { guest, emulator } = await start('101', ['2', '3']);
  let calls = 0;
  const node: NodePort = {
    ...host.node,
    run: (argv, options) => {
      calls += 1;
      return calls > 2 ? Promise.reject(new Error('killed')) : host.node.run(argv, options);
    },
  };
  await expect(takeExclusive({ ...place, node }, guest, 'fence')).rejects.toThrow('killed');
  expect(host.mask(others['service']!)).toBe('0-7');
  expect(host.mask(others['init']!)).toBe('0-1,4-7');
  host.stop(guest.scope, emulator);
  await checkExclusive(place, [], true);
  expect([masksOf(host, others), state()]).toEqual([everywhere('0-7'), null]);
});

test('what was remembered before the node was booted again counts for nothing', async () => {
  const { host, place, start } = world();
  const old = { kind: 'pinfold/exclusivity', version: 1, boot: 'another', guests: [] };
  host.node.writeAtomically(
    STATE,
    JSON.stringify({ ...old, fences: [{ group: '/system.slice', before: '0-1' }] }),
  );
  const { guest } = await start('101', ['2', '3']);
  await takeExclusive(place, guest, 'fence');
  expect(host.read('/system.slice', 'cpuset.cpus')).toBe('0-1,4-7');
});

describe.each(['6.1.0-50-amd64', '6.12.107-amd64'])('fences on kernel %s', kernel => {
  test('keep everybody but the guest off its CPUs, and are undone without a trace', async () => {
    const { host, place, start, state } = world(kernel);
    const others = bystanders(host);
    const { guest, tids } = await start('101', ['2', '3']);
    const report = await takeExclusive(place, guest, 'fence');
    expect(report).toEqual({
      inForce: 'fence',
      sentences: ['CPUs 2-3 are kept for VM 101 by fences: 5 other groups of processes may not run there.'],
      repin: ['/init.scope', '/qemu.slice/900.scope'],
    });
    expect(masksOf(host, others)).toEqual(everywhere('0-1,4-7'));
    expect(tids.map(tid => host.mask(tid))).toEqual(['2', '3']);
    expect([host.read(Q, 'cpuset.cpus'), host.read(guest.scope, 'cpuset.cpus')]).toEqual(['', '']);
    host.stop(guest.scope, tids[0]! - 1);
    expect(await giveBackExclusive(place, guest)).toMatchObject({ inForce: 'none', sentences: [] });
    expect(masksOf(host, others)).toEqual(everywhere('0-7'));
    expect(state()).toBeNull();
    expect(host.node.files.list('/run/systemd/system.control')).toEqual([]);
    expect(host.node.files.list('/run/systemd/transient')).toEqual([]);
  });

  test('leave every pin where it is that they allow, whatever the kernel makes of it', async () => {
    const { host, place, start } = world(kernel);
    const [shared, pinned] = host.process('/qemu.slice/900.scope', { kvm: '', 'CPU 0/KVM': '' });
    const [service] = host.process('/system.slice/db.service', { postgres: '' });
    await host.pin(pinned!, '3,5');
    await host.pin(service!, '7');
    const a = await start('101', ['2', '3']);
    const b = await start('102', ['4']);
    await takeExclusive(place, a.guest, 'fence');
    expect([shared, pinned, service].map(tid => host.mask(tid!))).toEqual(['0-1,4-7', '5', '7']);
    await takeExclusive(place, b.guest, 'fence');
    expect([...a.tids, ...b.tids].map(tid => host.mask(tid))).toEqual(['2', '3', '4']);
  });

  test('stand for what the guests that remain need', async () => {
    const { host, place, start } = world(kernel);
    const others = bystanders(host);
    const a = await start('101', ['2', '3']);
    const b = await start('102', ['4']);
    await takeExclusive(place, a.guest, 'fence');
    const { repin } = await takeExclusive(place, b.guest, 'fence');
    expect(repin).toContain('/qemu.slice/101.scope');
    expect(masksOf(host, others)).toEqual(everywhere('0-1,5-7'));
    expect([host.read(a.guest.scope, 'cpuset.cpus'), host.read(b.guest.scope, 'cpuset.cpus')]).toEqual([
      '0-3,5-7',
      '0-1,4-7',
    ]);
    await giveBackExclusive(place, a.guest);
    expect(masksOf(host, others)).toEqual(everywhere('0-3,5-7'));
    expect(host.read(b.guest.scope, 'cpuset.cpus')).toBe('0-7');
  });
});

describe('a limit that a group has of its own', () => {
  test('is kept inside the fence, and comes back with it', async () => {
    const { host, place, start } = world();
    const [cron] = host.process('/system.slice/cron.service', { cron: '' });
    const [batch] = host.process('/user.slice', { batch: '' });
    host.enableCpuset('');
    host.write('/system.slice', 'cpuset.cpus', '0-3');
    host.write('/user.slice', 'cpuset.cpus', '6-7');
    const { guest } = await start('101', ['2', '3']);
    await takeExclusive(place, guest, 'fence');
    expect([host.mask(cron!), host.mask(batch!)]).toEqual(['0-1', '6-7']);
    expect(host.calls.filter(call => call.includes('user.slice'))).toEqual([]);
    await giveBackExclusive(place, guest);
    expect([host.read('/system.slice', 'cpuset.cpus'), host.read('/user.slice', 'cpuset.cpus')]).toEqual([
      '0-3',
      '6-7',
    ]);
    expect(host.node.files.read('/run/systemd/system.control/system.slice.d/50-AllowedCPUs.conf')).toContain(
      'AllowedCPUs=0-3',
    );
  });

  test('that lies whole on a guest’s CPUs gives way to all that is free', async () => {
    const { host, place, start } = world();
    const [inside] = host.process('/lxc/200', { inside: '' });
    host.enableCpuset('');
    host.write('/lxc', 'cpuset.cpus', '2-3');
    const { guest } = await start('101', ['2', '3']);
    await takeExclusive(place, guest, 'fence');
    expect(host.mask(inside!)).toBe('0-1,4-7');
  });
});

describe('a systemd that refuses', () => {
  const refusing = (node: NodePort): NodePort => ({
    ...node,
    run: (argv, options) =>
      argv.includes('system.slice')
        ? Promise.resolve({ code: 1, stdout: '', stderr: 'Failed: Access denied.\n' })
        : node.run(argv, options),
  });

  test('leaves the guest without exclusivity, and the report says who may still run there', async () => {
    const { host, place, start } = world();
    const { guest } = await start('101', ['2', '3']);
    const node = refusing(host.node);
    const report = await takeExclusive({ ...place, node }, guest, 'fence');
    expect(report.inForce).toBe('none');
    expect(report.sentences).toEqual([
      'Others may run on CPUs 2-3 of VM 101: system.slice could not be held to CPUs 0-1,4-7 (Failed: Access denied).',
    ]);
    const { findings, inForce } = await checkExclusive(place, [{ guest, mode: 'fence' }], true);
    expect(inForce).toEqual({ 101: 'fence' });
    expect(findings.map(({ sentence }) => sentence)).toEqual([
      "/system.slice may run on CPUs that are a guest's alone; it is to be held to CPUs 0-1,4-7.",
    ]);
  });
});

describe('checking', () => {
  const modes = (
    mode: ExclusivityMode,
    ...guests: Awaited<ReturnType<ReturnType<typeof world>['start']>>[]
  ) => guests.map(({ guest }) => ({ guest, mode }));

  test('finds nothing where everything is in force, and changes nothing', async () => {
    const { host, place, start, state } = world();
    bystanders(host);
    const a = await start('101', ['2', '3']);
    const b = await start('102', ['4']);
    await takeExclusive(place, a.guest, 'auto');
    await takeExclusive(place, b.guest, 'fence');
    const before = [state(), host.calls.length];
    expect(await checkExclusive(place, [...modes('auto', a), ...modes('fence', b)], true)).toEqual({
      findings: [],
      inForce: { 101: 'partition', 102: 'fence' },
      sentences: [],
      repin: [],
    });
    expect([state(), host.calls.length]).toEqual(before);
  });

  test.each([
    ['the controller is gone and back', 'member'],
    ['somebody made it a member', 'member'],
    ['its exclusive CPUs are emptied', 'invalid: Parent is not a partition root'],
  ])(
    'notices a partition that is lost because %s, and makes it again only when it is to',
    async (how, said) => {
      const { host, place, start } = world();
      const a = await start('101', ['2', '3']);
      await takeExclusive(place, a.guest, 'auto');
      const V = `${a.guest.scope}/vcpus`;
      if (how.startsWith('the controller')) {
        host.write(a.guest.scope, 'cgroup.subtree_control', '-cpuset');
        host.write(a.guest.scope, 'cgroup.subtree_control', '+cpuset');
      } else if (how.startsWith('somebody')) host.write(V, PARTITION, 'member');
      else host.write(V, EXCLUSIVE, '');
      const seen = await checkExclusive(place, modes('auto', a), false);
      expect(seen.findings).toEqual([
        {
          vm: '101',
          sentence: `The partition of VM 101 does not hold exactly CPUs 2-3 for its vCPUs any more (the kernel says "${said}").`,
        },
      ]);
      expect([seen.inForce, host.rootCpus]).toEqual([{ 101: 'none' }, '0-7']);
      const repaired = await checkExclusive(place, modes('auto', a), true);
      expect([repaired.inForce, host.rootCpus, a.tids.map(tid => host.mask(tid))]).toEqual([
        { 101: 'partition' },
        '0-1,4-7',
        ['2', '3'],
      ]);
    },
  );

  test('holds a partition to be lost when a vCPU was taken out of it', async () => {
    const { host, place, start } = world();
    const a = await start('101', ['2', '3']);
    await takeExclusive(place, a.guest, 'auto');
    host.write(a.guest.scope, 'cgroup.threads', `${a.tids[1]!}`);
    const { findings } = await checkExclusive(place, modes('auto', a), true);
    expect(findings.map(({ vm }) => vm)).toEqual(['101']);
    expect(host.read(`${a.guest.scope}/vcpus`, 'cgroup.threads')).toBe(a.tids.join('\n'));
  });

  test('makes every partition again when systemd took the controller from the whole slice', async () => {
    const { host, place, start } = world();
    const a = await start('101', ['2', '3']);
    const b = await start('102', ['4']);
    await takeExclusive(place, a.guest, 'auto');
    await takeExclusive(place, b.guest, 'auto');
    for (const group of [a.guest.scope, b.guest.scope, Q])
      host.write(group, 'cgroup.subtree_control', '-cpuset');
    expect(host.rootCpus).toBe('0-7');
    host.enableCpuset(Q, a.guest.scope, b.guest.scope);
    const { findings, inForce } = await checkExclusive(place, modes('auto', a, b), true);
    expect([findings.length, inForce, host.rootCpus]).toEqual([
      3,
      { 101: 'partition', 102: 'partition' },
      '0-1,5-7',
    ]);
  });

  test('fences in what came after the fences, and what somebody let out', async () => {
    const { host, place, start } = world();
    const a = await start('101', ['2', '3']);
    await takeExclusive(place, a.guest, 'fence');
    const [late] = host.process(`${Q}/300.scope`, { kvm: '' });
    const [machine] = host.process('/machine.slice', { qemu: '' });
    await host.node.run(['systemctl', 'set-property', '--runtime', 'system.slice', 'AllowedCPUs=0-7']);
    const seen = await checkExclusive(place, modes('fence', a), false);
    expect(seen.findings.map(({ sentence }) => sentence.split(' ')[0])).toEqual([
      '/machine.slice',
      '/qemu.slice/300.scope',
      '/system.slice',
    ]);
    expect(seen.inForce).toEqual({ 101: 'none' });
    const { repin, inForce } = await checkExclusive(place, modes('fence', a), true);
    expect([inForce, repin]).toEqual([{ 101: 'fence' }, ['/qemu.slice/300.scope']]);
    expect([host.mask(late!), host.mask(machine!)]).toEqual(['0-1,4-7', '0-1,4-7']);
  });

  test('fences in by its file a group of which systemd knows no unit, and passes over one that went', async () => {
    const { host, place, start } = world();
    const a = await start('101', ['2', '3']);
    const [foreign] = host.process('/foreign.slice', { runner: '' });
    const [brief] = host.process('/gone.slice', { brief: '' });
    const run: NodePort['run'] = async (argv, options) => {
      const unit = argv.find(word => word === 'foreign.slice' || word === 'gone.slice');
      if (unit === undefined) return host.node.run(argv, options);
      if (unit === 'gone.slice') host.stop('/gone.slice', brief!);
      const stderr = `Failed to set unit properties on ${unit}: Unit ${unit} not found.\n`;
      return { code: 1, stdout: '', stderr };
    };
    const report = await takeExclusive({ ...place, node: { ...host.node, run } }, a.guest, 'fence');
    expect(report.inForce).toBe('fence');
    expect(host.mask(foreign!)).toBe('0-1,4-7');
    expect(host.read('/foreign.slice', 'cpuset.cpus')).toBe('0-1,4-7');
  });

  test('takes what a guest left behind off the slice and the fences', async () => {
    const { host, place, start, state } = world();
    const others = bystanders(host);
    const a = await start('101', ['2', '3']);
    const b = await start('102', ['4']);
    await takeExclusive(place, a.guest, 'auto');
    await takeExclusive(place, b.guest, 'fence');
    host.stop(a.guest.scope, a.emulator);
    host.stop(b.guest.scope, b.emulator);
    const { findings } = await checkExclusive(place, [], true);
    expect(findings.map(({ vm }) => vm)).toEqual([
      '101',
      '102',
      null,
      ...Array.from({ length: 5 }, () => null),
    ]);
    expect([host.read(Q, EXCLUSIVE), masksOf(host, others), state()]).toEqual(['', everywhere('0-7'), null]);
    expect((await checkExclusive(place, [], true)).findings).toEqual([]);
  });

  test('sweeps a slice of which nobody remembers whose CPUs it holds', async () => {
    const { host, place } = world();
    host.enableCpuset('');
    host.write(Q, EXCLUSIVE, '2-5');
    const check = async (repair: boolean) =>
      (await checkExclusive(place, [], repair)).findings.map(({ sentence }) => sentence);
    const stale = ['/qemu.slice still holds exclusive CPUs that no guest in it has any more.'];
    expect([await check(false), await check(true), await check(true)]).toEqual([stale, stale, []]);
    expect(host.read(Q, EXCLUSIVE)).toBe('');
  });

  test('gives CPUs back that the policy does not keep for the guest any more', async () => {
    const { host, place, start } = world();
    const a = await start('101', ['2', '3']);
    await takeExclusive(place, a.guest, 'auto');
    const { findings, inForce } = await checkExclusive(place, modes('none', a), true);
    expect(findings.map(({ sentence }) => sentence)).toEqual([
      'CPUs 2-3 of VM 101 are kept from others, though the policy says none.',
    ]);
    expect([inForce, host.rootCpus]).toEqual([{ 101: 'none' }, '0-7']);
  });

  test('takes the CPUs of a guest that nobody remembers, also when the memory is damaged', async () => {
    for (const damage of [
      '{"kind":"pinfold/exclusivity","version":1,"boot":"b00t","guests":7}',
      '\0',
      null,
    ]) {
      const { host, place, start } = world();
      const a = await start('101', ['2', '3']);
      if (damage !== null) host.node.writeAtomically(STATE, damage);
      const { inForce } = await checkExclusive(place, modes('auto', a), true);
      expect([inForce, host.rootCpus]).toEqual([{ 101: 'partition' }, '0-1,4-7']);
    }
  });
});
