import { CgroupNode } from '../../testing/cgroup-node.ts';

const made: CgroupNode[] = [];
const node = (kernel?: string) => {
  const fresh = new CgroupNode(kernel);
  made.push(fresh);
  return fresh;
};
afterAll(() => {
  for (const one of made) one.end();
});

const Q = '/qemu.slice';
const A = '/qemu.slice/101.scope';
const B = '/qemu.slice/102.scope';
const EXCLUSIVE = 'cpuset.cpus.exclusive';
const PARTITION = 'cpuset.cpus.partition';

/** Two scopes with the cpuset controller, each with a process. */
function twoScopes(kernel?: string) {
  const host = node(kernel);
  host.enableCpuset('', Q);
  const [a] = host.process(A, { vmA: '' });
  const [b] = host.process(B, { vmB: '' });
  return { host, a: a!, b: b! };
}

/** A whole-scope partition, written from the top down. */
function partition(host: CgroupNode, scope: string, { slice, cpus }: { slice: string; cpus: string }) {
  const errors = [
    host.write(Q, EXCLUSIVE, slice),
    host.write(scope, EXCLUSIVE, cpus),
    host.write(scope, PARTITION, 'root'),
  ];
  return [...errors, host.read(scope, PARTITION)];
}

describe('a remote partition of a scope', () => {
  test('takes its CPUs from everybody else, while the slice stays a member', () => {
    const { host, a, b } = twoScopes();
    const [sys] = host.process('/system.slice', { sys: '' });
    host.write(Q, EXCLUSIVE, '2-3');
    host.write(A, EXCLUSIVE, '2-3');
    expect(host.rootCpus).toBe('0-7');
    host.write(A, PARTITION, 'root');
    expect([host.read(A, PARTITION), host.rootCpus]).toEqual(['root', '0-1,4-7']);
    expect([Q, A, B].map(group => host.read(group, 'cpuset.cpus.effective'))).toEqual([
      '0-1,4-7',
      '2-3',
      '0-1,4-7',
    ]);
    expect([host.read(Q, PARTITION), host.mask(a), host.mask(b), host.mask(sys!)]).toEqual([
      'member',
      '2-3',
      '0-1,4-7',
      '0-1,4-7',
    ]);
  });

  test.each([
    ['nothing stands anywhere', [], 'root invalid (cpuset.cpus and cpuset.cpus.exclusive are empty)'],
    [
      'the slice has no exclusive CPUs',
      [[A, EXCLUSIVE, '2-3']],
      'root invalid (Invalid cpu list in cpuset.cpus.exclusive)',
    ],
    [
      'only cpuset.cpus is set',
      [[A, 'cpuset.cpus', '2-3']],
      'root invalid (Invalid cpu list in cpuset.cpus.exclusive)',
    ],
    [
      "a sibling's CPUs overlap",
      [
        [B, 'cpuset.cpus', '2-5'],
        [Q, EXCLUSIVE, '2-3'],
        [A, EXCLUSIVE, '2-3'],
      ],
      'root invalid (Cpu list in cpuset.cpus not exclusive)',
    ],
  ] as const)('never fails to be written, and says why not when %s', (_, writes, said) => {
    const { host } = twoScopes();
    for (const [group, file, text] of writes) expect(host.write(group, file, text)).toBeNull();
    expect(host.write(A, PARTITION, 'root')).toBeNull();
    expect(host.read(A, PARTITION)).toBe(said);
    expect(host.rootCpus).toBe('0-7');
  });

  test('loses its CPUs with its exclusive ones, and is not healed by giving them back', () => {
    const { host } = twoScopes();
    partition(host, A, { slice: '2-3', cpus: '2-3' });
    host.write(A, EXCLUSIVE, '');
    expect([host.read(A, PARTITION), host.rootCpus]).toEqual([
      'root invalid (Parent is not a partition root)',
      '0-7',
    ]);
    host.write(A, EXCLUSIVE, '2-3');
    expect([host.read(A, PARTITION), host.rootCpus]).toEqual([
      'root invalid (Parent is not a partition root)',
      '0-7',
    ]);
    host.write(A, PARTITION, 'root');
    expect([host.read(A, PARTITION), host.rootCpus]).toEqual(['root', '0-1,4-7']);
  });

  test('becomes invalid without a reason when a sibling comes to overlap, and still withholds its CPUs', () => {
    const { host, b } = twoScopes();
    partition(host, A, { slice: '2-3', cpus: '2-3' });
    expect(host.write(B, 'cpuset.cpus', '2-5')).toBeNull();
    expect([host.read(A, PARTITION), host.rootCpus, host.mask(b)]).toEqual([
      'root invalid',
      '0-1,4-7',
      '4-5',
    ]);
    host.write(B, 'cpuset.cpus', '4-5');
    expect(host.read(A, PARTITION)).toBe('root invalid');
    host.write(A, PARTITION, 'member');
    expect(host.rootCpus).toBe('0-7');
  });

  test('ends with its controller, without a word', () => {
    const { host } = twoScopes();
    partition(host, A, { slice: '2-3', cpus: '2-3' });
    expect(host.write(Q, 'cgroup.subtree_control', '-cpuset')).toBeNull();
    expect([host.read(A, PARTITION), host.rootCpus]).toEqual([null, '0-7']);
    expect(host.write(A, PARTITION, 'root')).toBe('ENOENT');
  });
});

describe('exclusive CPUs', () => {
  test('stand side by side, move from one scope to the other, and never overlap', () => {
    const { host } = twoScopes();
    expect(partition(host, A, { slice: '2-5', cpus: '2-3' })).toEqual([null, null, null, 'root']);
    expect(partition(host, B, { slice: '2-5', cpus: '4-5' })).toEqual([null, null, null, 'root']);
    expect(host.rootCpus).toBe('0-1,6-7');
    expect(host.write(B, EXCLUSIVE, '3-5')).toBe('EINVAL');
    expect(host.write(A, EXCLUSIVE, '2')).toBeNull();
    expect(host.rootCpus).toBe('0-1,3,6-7');
    expect(host.write(B, EXCLUSIVE, '3-5')).toBeNull();
    expect(host.rootCpus).toBe('0-1,6-7');
  });

  test('are clipped to what the slice holds, and not refreshed by a later write to the slice', () => {
    const { host } = twoScopes();
    partition(host, A, { slice: '3-5', cpus: '3-6' });
    expect([host.read(A, EXCLUSIVE), host.read(A, 'cpuset.cpus.exclusive.effective')]).toEqual([
      '3-6',
      '3-5',
    ]);
    host.write(Q, EXCLUSIVE, '3-6');
    expect(host.rootCpus).toBe('0-2,6-7');
    host.write(A, EXCLUSIVE, '3-6');
    expect(host.rootCpus).toBe('0-2,7');
  });

  test('are refused where they cover all that a sibling may use', () => {
    const { host } = twoScopes();
    host.write(B, 'cpuset.cpus', '2-3');
    host.write(Q, EXCLUSIVE, '2-3');
    expect(host.write(A, EXCLUSIVE, '2-3')).toBe('EINVAL');
  });

  test('do not exist on kernel 6.1', () => {
    const { host } = twoScopes('6.1.0-50-amd64');
    expect(host.write(A, EXCLUSIVE, '2-3')).toBe('ENOENT');
    expect(host.read(A, 'cpuset.cpus')).toBe('');
  });
});

describe('cpuset.cpus', () => {
  test('cannot be emptied while something runs there, and takes only CPUs that can exist', () => {
    const { host } = twoScopes();
    host.write(B, 'cpuset.cpus', '4-5');
    expect(host.write(B, 'cpuset.cpus', '')).toBe('ENOSPC');
    expect(host.write(B, 'cpuset.cpus', '99')).toBe('ERANGE');
    expect(host.write(B, 'cpuset.cpus', 'nonsense')).toBe('EINVAL');
    expect(host.read(B, 'cpuset.cpus')).toBe('4-5');
  });

  test('outside of what the parent may use gives the parent’s CPUs', () => {
    const { host, b } = twoScopes();
    partition(host, A, { slice: '2-3', cpus: '2-3' });
    host.write(B, 'cpuset.cpus', '3');
    expect(host.mask(b)).toBe('0-1,4-7');
  });

  test('takes a pin away and gives it back on 6.12, and forgets it on 6.1', async () => {
    for (const [kernel, afterwards] of [
      ['6.12.0', '4'],
      ['6.1.0', '0-7'],
    ] as const) {
      const { host, b } = twoScopes(kernel);
      expect(await host.pin(b, '4')).toBe(0);
      host.write(B, 'cpuset.cpus', '2-3');
      expect(host.mask(b)).toBe('2-3');
      expect(await host.pin(b, '4')).toBe(1);
      host.write(B, 'cpuset.cpus', '0-7');
      expect(host.mask(b)).toBe(afterwards);
    }
  });
});

describe('a threaded child', () => {
  const V = `${A}/vcpus`;
  const threaded = () => {
    const host = node();
    host.enableCpuset('', Q);
    const [main, cpu] = host.process(A, { kvm: '', 'CPU 0/KVM': '' });
    host.group(V);
    return { host, main: main!, cpu: cpu! };
  };

  test('takes single threads once it is threaded, and no process', () => {
    const { host, cpu } = threaded();
    expect(host.write(V, 'cgroup.threads', `${cpu}`)).toBe('EOPNOTSUPP');
    expect(host.write(V, 'cgroup.type', 'threaded')).toBeNull();
    expect(host.read(A, 'cgroup.type')).toBe('domain threaded');
    expect(host.write(V, 'cgroup.procs', `${cpu}`)).toBe('EOPNOTSUPP');
    expect(host.write(V, 'cgroup.threads', `${cpu}`)).toBeNull();
    expect(host.write(V, 'cgroup.threads', '1')).toBe('ESRCH');
    expect(host.read(V, 'cgroup.threads')).toBe(`${cpu}`);
  });

  test('is refused the controller by a scope with processes that is no threaded tree yet', () => {
    const { host } = threaded();
    expect(host.write(A, 'cgroup.subtree_control', '+cpuset')).toBe('EBUSY');
    host.write(V, 'cgroup.type', 'threaded');
    expect(host.write(A, 'cgroup.subtree_control', '+cpuset')).toBeNull();
    expect(host.read(V, PARTITION)).toBe('member');
  });

  test('stays while threads are in it, and is a plain child of a plain scope when they left', () => {
    const { host, cpu } = threaded();
    host.write(V, 'cgroup.type', 'threaded');
    host.write(V, 'cgroup.threads', `${cpu}`);
    expect(host.node.removeFolder(`/sys/fs/cgroup${V}`)).toBe('EBUSY');
    expect(host.write(A, 'cgroup.threads', `${cpu}`)).toBeNull();
    expect(host.node.removeFolder(`/sys/fs/cgroup${V}`)).toBeNull();
    expect(host.read(V, 'cgroup.type')).toBeNull();
  });
});

describe('systemctl set-property --runtime AllowedCPUs', () => {
  const set = async (host: CgroupNode, unit: string, cpus: string) => {
    const { code, stderr } = await host.node.run([
      ...['systemctl', 'set-property', '--runtime', '--', unit],
      `AllowedCPUs=${cpus}`,
    ]);
    return [code, stderr];
  };

  test('caps a unit with all in it and keeps a note of it', async () => {
    const host = node();
    const [sys] = host.process('/system.slice/sshd.service', { sshd: '' });
    expect(await set(host, 'system.slice', '0-1')).toEqual([0, '']);
    expect([host.read('/system.slice', 'cpuset.cpus'), host.mask(sys!)]).toEqual(['0-1', '0-1']);
    expect(host.node.files.read('/run/systemd/system.control/system.slice.d/50-AllowedCPUs.conf')).toContain(
      '[Slice]\nAllowedCPUs=0-1\n',
    );
  });

  test('says 0 and changes nothing when the kernel refuses the empty list', async () => {
    const host = node();
    host.process('/system.slice', { sys: '' });
    await set(host, 'system.slice', '0-1');
    expect(await set(host, 'system.slice', '')).toEqual([0, '']);
    expect(host.read('/system.slice', 'cpuset.cpus')).toBe('0-1');
  });

  test('refuses a scope that does not run', async () => {
    expect(await set(node(), '300.scope', '0-1')).toEqual([
      1,
      'Failed to set unit properties on 300.scope: Unit 300.scope not found.\n',
    ]);
  });
});
