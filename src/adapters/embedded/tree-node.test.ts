import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildSync } from 'esbuild';

import { namedMachine, type MachineName } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { writeTree } from '../local/write-tree.ts';
import { openTreeNode } from './tree-node.ts';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

function treeOf(machine: MachineName) {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-embedded-'));
  roots.push(root);
  writeTree(renderMachine(namedMachine(machine)), root);
  return { root, node: openTreeNode(root) };
}

interface Guest {
  readonly name?: string;
  readonly vcpus?: number;
  readonly memoryMiB?: number;
  readonly body?: string;
}

const domain = ({ name = 'one-7', vcpus = 2, memoryMiB = 512, body = '' }: Guest = {}) =>
  `<domain type='kvm'><name>${name}</name><vcpu>${vcpus}</vcpu><memory unit='MiB'>${memoryMiB}</memory>${body}</domain>`;

const hugepages = `<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>`;
const strictOn = (cell: number) =>
  `<numatune><memory mode='strict' nodeset='${cell}'/></numatune>${hugepages}`;

function deploy(node: ReturnType<typeof openTreeNode>, xml: string, vm = 7) {
  const folder = `/var/lib/one/datastores/0/${vm}`;
  return node.run(['/var/tmp/one/vmm/kvm/deploy', `${folder}/deployment.0`, 'h', `${vm}`, 'h'], {
    stdin: xml,
  });
}

/** Thread name → CPUs it may run on, read from the tree with no help of the code under test. */
function masks(root: string, vm = 'one-7'): Record<string, string> {
  const pid = readFileSync(join(root, `run/libvirt/qemu/${vm}.pid`), 'utf8').trim();
  const tasks = join(root, 'proc', pid, 'task');
  return Object.fromEntries(
    openTreeNode(root)
      .files.list(`/proc/${pid}/task`)
      .map(tid => [
        readFileSync(join(tasks, tid, 'comm'), 'utf8').trim(),
        /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(join(tasks, tid, 'status'), 'utf8'))![1]!,
      ]),
  );
}

const freePages = (root: string, cell: number) =>
  Number(
    readFileSync(
      join(root, `sys/devices/system/node/node${cell}/hugepages/hugepages-2048kB/free_hugepages`),
      'utf8',
    ),
  );

describe('files of a tree', () => {
  test('nothing above the root is read or written', () => {
    const { root, node } = treeOf('laptop-1c');
    writeFileSync(`${root}-secret`, 'secret');
    roots.push(`${root}-secret`);
    mkdirSync(join(root, 'etc'));
    symlinkSync(`${root}-secret`, join(root, 'etc/link'));
    symlinkSync('/tmp', join(root, 'etc/folder'));
    expect(node.files.read(`/../${root.split('/').at(-1)!}-secret`)).toBeNull();
    expect(node.files.read('/etc/link')).toBeNull();
    expect(node.files.list('/etc/folder')).toEqual([]);
    expect(() => {
      node.writeAtomically('/etc/folder/pinfold-escaped', 'x');
    }).toThrow(/lies outside the tree/);
    expect(() => {
      node.writeAtomically('/../pinfold-escaped', 'x');
    }).toThrow(/lies outside the tree/);
    expect(existsSync('/tmp/pinfold-escaped')).toBe(false);
  });

  test('a written file is read back, and removing what is not there is fine', () => {
    const { node } = treeOf('laptop-1c');
    node.writeAtomically('/run/pinfold/deep/a.json', '{}');
    expect(node.files.read('/run/pinfold/deep/a.json')).toBe('{}');
    node.remove('/run/pinfold/deep/a.json');
    node.remove('/run/pinfold/none');
    expect(node.files.list('/run/pinfold/deep')).toEqual([]);
  });

  test('the machine itself and a folder that is not there are no trees', () => {
    expect(() => openTreeNode('')).toThrow(/has no name: name the folder/);
    expect(() => openTreeNode('/')).toThrow(/the machine itself/);
    expect(() => openTreeNode('/nowhere')).toThrow(/does not exist/);
  });

  test('a link inside the tree is followed', () => {
    const { root, node } = treeOf('laptop-1c');
    symlinkSync('../sys/devices/system/cpu/online', join(root, 'proc/cpus'));
    expect(node.files.read('/proc/cpus')).toBe('0-3\n');
  });
});

describe('a deploy on dual-socket-smt', () => {
  test('makes the threads that libvirt and QEMU make, each where the XML pins it', async () => {
    const { root, node } = treeOf('dual-socket-smt');
    const tune = `<iothreads>1</iothreads><cputune><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='20'/><vcpupin vcpu='9' cpuset='5'/><emulatorpin cpuset='0-1'/><iothreadpin iothread='1' cpuset='2'/><vcpusched vcpus='1' scheduler='fifo' priority='1'/></cputune>`;
    const result = await deploy(node, domain({ body: tune }));
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(masks(root)).toEqual({
      'qemu-system-x86': '0-1',
      call_rcu: '0-1',
      'IO mon_iothread': '0-1',
      vnc_worker: '0-1',
      'IO iothread1': '2',
      'CPU 0/KVM': '4',
      'CPU 1/KVM': '20',
    });
    const pid = readFileSync(join(root, 'run/libvirt/qemu/one-7.pid'), 'utf8').trim();
    const status = node.files.read(`/proc/${pid}/status`)!;
    expect(status).toContain('Cpus_allowed:\t00000003\n');
    expect(node.files.read(`/proc/${pid}/cmdline`)).toContain('-name\0guest=one-7,debug-threads=on\0');
    const realtime = node.files
      .list(`/proc/${pid}/task`)
      .map(tid => node.files.read(`/proc/${pid}/task/${tid}/stat`)!.trim().split(' '))
      .map(fields => fields.slice(-13, -11));
    expect(realtime.filter(fields => fields.join() === '1,1')).toHaveLength(1);
  });

  test('without pins every thread runs on all online CPUs', async () => {
    const { root, node } = treeOf('offline-cpus');
    await deploy(node, domain());
    expect(new Set(Object.values(masks(root)))).toEqual(new Set(['0-2,4-10,12,14-15']));
  });

  test('takes huge pages from the cell of the XML and gives them back when the guest ends', async () => {
    const { root, node } = treeOf('dual-socket-smt');
    const { stdout } = await deploy(node, domain({ body: strictOn(1) }));
    expect([freePages(root, 0), freePages(root, 1)]).toEqual([8192, 8192 - 256]);
    const cancelled = await node.run(['/var/tmp/one/vmm/kvm/cancel', stdout.trim(), 'h', '7', 'h']);
    expect(cancelled.code).toBe(0);
    expect([freePages(root, 0), freePages(root, 1)]).toEqual([8192, 8192]);
    expect(existsSync(join(root, 'run/libvirt/qemu/one-7.xml'))).toBe(false);
    expect(node.files.list('/proc').filter(name => Number(name) > 4194304)).toEqual([]);
  });

  test('leaves base pages that a cell does not have untouched, page cache given up', async () => {
    const { node } = treeOf('laptop-1c');
    const parts = () => {
      const text = node.files.read('/sys/devices/system/node/node0/meminfo')!;
      return [...text.matchAll(/ (?:MemFree|\S+\(file\)|SReclaimable): +(\d+) kB/g)].map(([, kib]) =>
        Number(kib),
      );
    };
    const had = parts().reduce((sum, kib) => sum + kib, 0);
    expect((await deploy(node, domain({ memoryMiB: 1024 * 1024 }))).code).toBe(0);
    expect(parts()).toEqual([0, 0, 0, 0]);
    await node.run(['virsh', 'destroy', 'one-7']);
    expect(parts()).toEqual([had, 0, 0, 0]);
  });

  test.each([
    [
      'a CPU that does not exist',
      `<cputune><vcpupin vcpu='1' cpuset='99'/></cputune>`,
      String.raw`Unable to write to '/sys/fs/cgroup/machine.slice/machine-qemu\x2d1\x2done\x2d7.scope/libvirt/vcpu1/cpuset.cpus': Numerical result out of range`,
    ],
    [
      'a cell that is not there',
      `<numatune><memory mode='strict' nodeset='7'/></numatune>`,
      'NUMA node 7 is unavailable',
    ],
    [
      'two pins of one vCPU',
      `<cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='0' cpuset='2'/></cputune>`,
      "duplicate vcpupin for vcpu '0'",
    ],
    [
      'an emulator without a CPU on the cell of its huge pages',
      `<cputune><emulatorpin cpuset='0'/></cputune>${strictOn(1)}`,
      'Setting CPU affinity failed: Invalid argument',
    ],
    [
      'more huge pages than the cell has',
      `<cpu><numa><cell id='0' cpus='0-1' memory='17' unit='GiB'/></numa></cpu>${strictOn(1)}`,
      'unable to map backing store for guest RAM: Cannot allocate memory',
    ],
    ['a document type', '<!DOCTYPE domain>', 'XML error'],
  ])('refuses %s in the words of the real one and leaves nothing', async (_, body, words) => {
    const { root, node } = treeOf('dual-socket-smt');
    const { code, stdout, stderr } = await deploy(node, domain({ body }));
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
    expect(node.files.list('/run/libvirt/qemu')).toEqual([]);
    expect(node.files.list('/proc').filter(name => Number(name) > 4194304)).toEqual([]);
    expect([freePages(root, 0), freePages(root, 1)]).toEqual([8192, 8192]);
  });

  test('refuses a pin on a CPU that is switched off', async () => {
    const { node } = treeOf('offline-cpus');
    const { stderr } = await deploy(
      node,
      domain({ body: `<cputune><vcpupin vcpu='0' cpuset='3'/></cputune>` }),
    );
    expect(stderr).toContain('Invalid argument');
  });

  test('refuses a second domain of the same name', async () => {
    const { node } = treeOf('dual-socket-smt');
    await deploy(node, domain());
    expect((await deploy(node, domain())).stderr).toContain("domain 'one-7' is already active");
  });

  test('mode restrictive needs no CPU of the memory cell', async () => {
    const { root, node } = treeOf('dual-socket-smt');
    const body = `<cputune><emulatorpin cpuset='0'/></cputune>${strictOn(1).replace('strict', 'restrictive')}`;
    expect((await deploy(node, domain({ body }))).code).toBe(0);
    expect(freePages(root, 1)).toBe(8192 - 256);
  });
});

describe('virsh on a running domain', () => {
  const started = async (body = '') => {
    const tree = treeOf('dual-socket-smt');
    await deploy(tree.node, domain({ body }));
    const virsh = (...words: string[]) => tree.node.run(['virsh', '--connect', 'qemu:///system', ...words]);
    return { ...tree, virsh };
  };

  test('moves a vCPU and the emulator threads and remembers it in the live XML', async () => {
    const { root, virsh } = await started();
    expect((await virsh('vcpupin', 'one-7', '1', '5,21', '--live')).code).toBe(0);
    expect((await virsh('emulatorpin', 'one-7', '0', '--live')).code).toBe(0);
    expect(masks(root)).toMatchObject({ 'CPU 0/KVM': '0-31', 'CPU 1/KVM': '5,21', vnc_worker: '0' });
    const { stdout } = await virsh('dumpxml', 'one-7');
    expect(stdout).toContain("<vcpupin vcpu='1' cpuset='5,21'/>");
    expect(stdout).toContain("<emulatorpin cpuset='0'/>");
    await virsh('vcpupin', 'one-7', '1', '6');
    expect((await virsh('dumpxml', 'one-7')).stdout.match(/vcpupin/g)).toHaveLength(1);
  });

  test.each([
    [['vcpupin', 'one-7', '0', '40', '--live'], "error: CPU 40 in cpulist '40' exceed the maxcpu 32"],
    [['vcpupin', 'one-7', '5', '1'], 'out of range'],
    [['iothreadpin', 'one-7', '1', '1'], 'iothread 1 not found'],
    [['numatune', 'one-7', '--nodeset', '7', '--live'], 'NUMA node 7 is unavailable'],
    [['dumpxml', 'one-8'], "Domain not found: no domain with matching name 'one-8'"],
    [['fly'], "unknown command: 'fly'"],
    [['vcpupin', 'one-7', '0', 'x-1'], 'Failed to parse bitmap'],
  ])('%j is refused', async (words, message) => {
    const { virsh } = await started();
    const { code, stderr } = await virsh(...words);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  test('memory moves with mode restrictive and stays with strict', async () => {
    const restrictive = await started(strictOn(0).replace('strict', 'restrictive'));
    expect((await restrictive.virsh('numatune', 'one-7', '--nodeset', '1', '--live')).code).toBe(0);
    expect([freePages(restrictive.root, 0), freePages(restrictive.root, 1)]).toEqual([8192, 8192 - 256]);
    const strict = await started(strictOn(0));
    expect((await strict.virsh('numatune', 'one-7', '--nodeset', '1', '--live')).stderr).toContain(
      'change of nodeset for running domain requires restrictive numa mode',
    );
    const told = await strict.virsh('numatune', 'one-7', '--nodeset', '1', '--mode', 'restrictive', '--live');
    expect(told.stderr).toContain("can't change numatune mode for running domain");
  });

  test('a vCPU that is plugged in runs everywhere', async () => {
    const tree = treeOf('dual-socket-smt');
    await deploy(
      tree.node,
      domain().replace(
        '<vcpu>2</vcpu>',
        `<vcpu current='1'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='3'/></cputune>`,
      ),
    );
    await tree.node.run(['virsh', 'setvcpus', 'one-7', '2', '--live']);
    expect(masks(tree.root)).toMatchObject({ 'CPU 0/KVM': '3', 'CPU 1/KVM': '0-31' });
  });

  test('metadata is kept per address', async () => {
    const { virsh } = await started();
    await virsh('metadata', 'one-7', 'urn:x', '--key', 'p', '--set', '<claim a="1"/>');
    expect((await virsh('metadata', 'one-7', 'urn:x')).stdout).toContain("a='1'");
    await virsh('metadata', 'one-7', 'urn:x', '--remove');
    expect((await virsh('metadata', 'one-7', 'urn:x')).code).toBe(1);
  });

  test('save and restore bring the guest back with the pins of the saved file', async () => {
    const { root, node, virsh } = await started(`<cputune><vcpupin vcpu='0' cpuset='3'/></cputune>`);
    await node.run(['/var/tmp/one/vmm/kvm/save', 'one-7', '/var/lib/one/checkpoint', 'h', '7', 'h']);
    expect((await virsh('list', '--name')).stdout).toBe('\n');
    const saved = (await virsh('save-image-dumpxml', '/var/lib/one/checkpoint', '--security-info')).stdout;
    node.writeAtomically('/run/new.xml', saved.replace("cpuset='3'", "cpuset='8'"));
    await virsh('save-image-define', '/var/lib/one/checkpoint', '/run/new.xml');
    await node.run(['/var/tmp/one/vmm/kvm/restore', '/var/lib/one/checkpoint', 'h', 'one-7', '7', 'h']);
    expect(masks(root)).toMatchObject({ 'CPU 0/KVM': '8' });
  });

  test('taskset moves a thread inside its cpuset and is refused outside', async () => {
    const { root, node } = await started(`<cputune><vcpupin vcpu='0' cpuset='3-5'/></cputune>`);
    const pid = Number(readFileSync(join(root, 'run/libvirt/qemu/one-7.pid'), 'utf8'));
    const vcpu = node.files
      .list(`/proc/${pid}/task`)
      .find(tid => node.files.read(`/proc/${pid}/task/${tid}/comm`) === 'CPU 0/KVM\n')!;
    const moved = await node.run(['taskset', '-pc', '4-9', vcpu]);
    expect(moved.stdout).toBe(
      `pid ${vcpu}'s current affinity list: 3-5\npid ${vcpu}'s new affinity list: 4-5\n`,
    );
    const refused = await node.run(['taskset', '-pc', '9', vcpu]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: `taskset: failed to set pid ${vcpu}'s affinity: Invalid argument\n`,
    });
  });
});

test('every call is one line of effects.jsonl, also of a program that has no stand-in', async () => {
  const { root, node } = treeOf('laptop-1c');
  await node.run(['virsh', 'list', '--name']);
  expect(await node.run(['/usr/bin/nmcli', 'general'])).toMatchObject({ code: 127 });
  const lines = readFileSync(join(root, 'run/pinfold/effects.jsonl'), 'utf8').trim().split('\n');
  expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([
    { pid: process.pid, run: ['virsh', 'list', '--name'], code: 0 },
    { pid: process.pid, run: ['/usr/bin/nmcli', 'general'], code: 127 },
  ]);
});

test('a process that works on the tree is seen in its proc until it ends', async () => {
  const { root, node } = treeOf('laptop-1c');
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
  const pid = `${child.pid!}`;
  const stat = () => node.files.read(`/proc/${pid}/stat`);
  mkdirSync(join(root, 'proc', pid));
  writeFileSync(join(root, 'proc', pid, 'stat'), readFileSync(`/proc/${pid}/stat`));
  writeFileSync(join(root, 'proc', pid, '.real'), '');
  expect(node.files.list('/proc')).toContain(pid);
  expect(stat()).not.toBeNull();
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(node.files.list('/proc')).not.toContain(pid);
  expect(stat()).toBeNull();
  expect(node.files.read(`/proc/${process.pid}/stat`)).toContain(`${process.pid} (`);
});

test('sixteen processes at once take each page and each process number once', async () => {
  const { root, node } = treeOf('dual-socket-smt');
  const bundle = join(root, 'tree-node.cjs');
  buildSync({
    entryPoints: [join(__dirname, 'tree-node.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  const deployer = `const { openTreeNode } = require(process.argv[1]);
    openTreeNode(process.argv[2]).run(['/x/kvm/deploy', '/var/d' + process.argv[3]], { stdin: process.argv[4] })
      .then(({ code }) => { process.exitCode = code; });`;
  const codes = await Promise.all(
    Array.from({ length: 16 }, (_, index) => {
      const xml = domain({ name: `one-${index}`, body: strictOn(index % 2) });
      const child = spawn(process.execPath, ['-e', deployer, bundle, root, `${index}`, xml]);
      return new Promise(resolve => child.once('exit', resolve));
    }),
  );
  expect(codes).toEqual(Array.from({ length: 16 }, () => 0));
  expect([freePages(root, 0), freePages(root, 1)]).toEqual([8192 - 2048, 8192 - 2048]);
  expect(node.files.list('/proc').filter(name => Number(name) > 4194304)).toHaveLength(16);
  const effects = readFileSync(join(root, 'run/pinfold/effects.jsonl'), 'utf8').trim().split('\n');
  expect(new Set(effects.map(line => (JSON.parse(line) as { run: string[] }).run[1]))).toHaveProperty(
    'size',
    16,
  );
});
