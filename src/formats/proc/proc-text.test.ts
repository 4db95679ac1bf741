import { textTreeOf } from '../text-tree.ts';
import { isAlive, readBootId, readProcessId, runsWithArgument } from './process-id.ts';
import { readQemuProcesses } from './qemu-processes.ts';
import { readQemuThreads } from './qemu-threads.ts';

const stat = (pid: number, name: string, start: number, state = 'S') =>
  `${pid} (${name}) ${state} 1 ${pid} ${pid} 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 ${start} 4096 100 0\n`;
const status = (cpus: string) =>
  `Name:\tx\nState:\tS (sleeping)\nCpus_allowed:\tff\nCpus_allowed_list:\t${cpus}\n`;
const argv = (...words: string[]) => `${words.join('\0')}\0`;
const treeOf = (files: Record<string, string>) => textTreeOf(new Map(Object.entries(files)));

describe('the identity of a process', () => {
  test('is its pid and start time, even when its name holds brackets and blanks', () => {
    const tree = treeOf({ '/proc/77/stat': stat(77, 'a) b (c', 9001) });
    expect(readProcessId(tree, 77)).toBe('77:9001');
    expect(isAlive(tree, '77:9001')).toBe(true);
    expect(isAlive(tree, '77:9002')).toBe(false);
    expect(isAlive(tree, '78:9001')).toBe(false);
    expect(isAlive(tree, 'nonsense')).toBe(false);
  });

  test('is gone with a zombie, which holds nothing any more', () => {
    expect(readProcessId(treeOf({ '/proc/5/stat': stat(5, 'qemu', 1, 'Z') }), 5)).toBeNull();
  });

  test('is null where the text is cut off', () => {
    for (const text of ['', '5 (qemu', '5 (qemu) S 1 2']) {
      expect(readProcessId(treeOf({ '/proc/5/stat': text }), 5)).toBeNull();
    }
  });
});

describe('a launch under way', () => {
  test('is seen by a whole argument of any process, not by a part of one', () => {
    const tree = treeOf({
      '/proc/10/cmdline': argv('/bin/bash', '/var/tmp/one/vmm/kvm/deploy', '/vms/7/deployment.0', 'host'),
      '/proc/self/cmdline': argv('/vms/8/deployment.0'),
    });
    expect(runsWithArgument(tree, '/vms/7/deployment.0')).toBe(true);
    expect(runsWithArgument(tree, '/vms/7/deployment')).toBe(false);
    expect(runsWithArgument(tree, '/vms/8/deployment.0')).toBe(false);
  });

  test('are not found by their arguments where the asker itself, or its own call, has them', () => {
    const task = (pid: number, parent: number, ...argv: string[]) => ({
      [`/proc/${pid}/stat`]: `${pid} (a (b) c) S ${parent} 1 1 0`,
      [`/proc/${pid}/cmdline`]: argv.map(word => `${word}\0`).join(''),
    });
    // sshd 10, the wrapper 11, the shell that feeds the hook 12, timeout 13, the hook 14.
    const call = {
      ...task(1, 0, 'init'),
      ...task(10, 1, 'sshd'),
      ...task(11, 10, 'bash', 'deploy', '/d.0'),
      ...task(12, 11, 'bash', 'deploy', '/d.0'),
      ...task(13, 11, 'timeout', '20', 'node', '/d.0'),
      ...task(14, 13, 'node', 'deploy', '/d.0'),
    };
    expect(runsWithArgument(treeOf(call), '/d.0')).toBe(true);
    expect(runsWithArgument(treeOf(call), '/d.0', 14)).toBe(false);
    const orphan = task(9, 1, 'bash', 'kvm/deploy', '/d.0');
    expect(runsWithArgument(treeOf({ ...call, ...orphan }), '/d.0', 14)).toBe(true);
    const second = task(20, 10, 'bash', 'deploy', '/d.0');
    expect(runsWithArgument(treeOf({ ...call, ...second }), '/d.0', 14)).toBe(true);
    expect(runsWithArgument(treeOf({ ...task(1, 0, 'init'), ...orphan }), '/d.0', 77)).toBe(true);
  });
});

test('the boot id is the text without its line end, or empty where there is none', () => {
  expect(readBootId(treeOf({ '/proc/sys/kernel/random/boot_id': 'b-1\n' }))).toBe('b-1');
  expect(readBootId(treeOf({}))).toBe('');
});

describe('QEMU processes', () => {
  const qemu = (pid: number, comm: string, ...words: string[]) => ({
    [`/proc/${pid}/comm`]: `${comm}\n`,
    [`/proc/${pid}/cmdline`]: argv(comm, ...words),
    [`/proc/${pid}/stat`]: stat(pid, comm, pid * 10),
  });

  test('are found under the names of Debian, Red Hat and Proxmox, with guest (of Proxmox the VMID) and uuid', () => {
    const tree = treeOf({
      ...qemu(
        30,
        'qemu-system-x86',
        '-name',
        'guest=one-7,debug-threads=on',
        '-uuid',
        'u-7',
        '-smp',
        '4,maxcpus=8',
      ),
      ...qemu(31, 'qemu-kvm', '-name', 'guest=a,,b', '-smp', 'maxcpus=8,cpus=2'),
      ...qemu(8, 'kvm', '-name', 'web,debug-threads=on', '-pidfile', '/var/run/qemu-server/101.pid'),
      ...qemu(9, 'kvm', '-id', '100', '-name', 'web,debug-threads=on'),
      ...qemu(10, 'kvm', '-name', 'mine', '-pidfile', '/home/me/101.pid'),
    });
    expect(readQemuProcesses(tree)).toEqual([
      { pid: 8, process: '8:80', name: '101', ofProxmox: true, uuid: null, vcpus: 1 },
      { pid: 9, process: '9:90', name: '100', ofProxmox: true, uuid: null, vcpus: 1 },
      { pid: 10, process: '10:100', name: 'mine', uuid: null, vcpus: 1 },
      { pid: 30, process: '30:300', name: 'one-7', uuid: 'u-7', vcpus: 4 },
      { pid: 31, process: '31:310', name: 'a,b', uuid: null, vcpus: 2 },
    ]);
  });

  test('without a name are still there, by their pid', () => {
    expect(readQemuProcesses(treeOf(qemu(40, 'qemu-system-x86', '-smp', '2')))).toMatchObject([
      { name: 'qemu-40' },
    ]);
  });

  test("leave out libvirt's probes, which have no machine, and helpers of other names", () => {
    const tree = treeOf({
      ...qemu(50, 'qemu-system-x86', '-S', '-machine', 'none,accel=kvm:tcg'),
      ...qemu(51, 'kvm-nx-lpage-re', '-x'),
      ...qemu(52, 'libvirtd', '-name', 'guest=z'),
    });
    expect(readQemuProcesses(tree)).toEqual([]);
  });
});

describe('QEMU threads', () => {
  const thread = (pid: number, tid: number, comm: string, cpus: string) => ({
    [`/proc/${pid}/task/${tid}/comm`]: `${comm}\n`,
    [`/proc/${pid}/task/${tid}/status`]: status(cpus),
  });

  test('have the role that their name tells, and the CPUs that they may use', () => {
    const tree = treeOf({
      ...thread(30, 30, 'qemu-system-x86', '0-1'),
      ...thread(30, 31, 'IO iothread2', '1'),
      ...thread(30, 32, 'IO mon_iothread', '0-1'),
      ...thread(30, 33, 'IO iothread-vir', '0-7'),
      ...thread(30, 100, 'CPU 0/KVM', '4'),
      ...thread(30, 101, 'CPU 11/TCG', '5,8'),
    });
    expect(
      readQemuThreads(tree, 30).map(({ tid, role, index, allowed }) => [
        tid,
        role,
        index,
        allowed.toString(),
      ]),
    ).toEqual([
      [30, 'emulator', null, '0-1'],
      [31, 'iothread', 2, '1'],
      [32, 'emulator', null, '0-1'],
      [33, 'iothread', null, '0-7'],
      [100, 'vcpu', 0, '4'],
      [101, 'vcpu', 11, '5,8'],
    ]);
  });

  test('that ended while they were read are left out', () => {
    expect(readQemuThreads(treeOf({ '/proc/30/task/31/comm': 'CPU 0/KVM\n' }), 30)).toEqual([]);
  });
});
