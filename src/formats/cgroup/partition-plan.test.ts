import { textTreeOf } from '../text-tree.ts';
import { cgroupFile } from './cgroup-file.ts';
import type { CgroupStep } from './cgroup-step.ts';
import { heldLeaves, partitionLeaves, type ExclusiveGuest } from './partition-leaf.ts';
import { givePartitionBackSteps, sweepSliceSteps, takePartitionSteps } from './partition-plan.ts';

/** A tree of these groups with the files named; a group without any is still one. */
function treeOf(groups: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const files = Object.entries(groups).flatMap(([group, texts]) => [
    [cgroupFile(group, 'cgroup.procs'), ''] as const,
    ...Object.entries(texts).map(([file, text]) => [cgroupFile(group, file), `${text}\n`] as const),
  ]);
  return textTreeOf(new Map(files));
}

const inWords = (steps: readonly CgroupStep[]) =>
  steps.map(step =>
    step.act === 'write' ? `${step.group} ${step.file} "${step.text}"` : `${step.act} ${step.group}`,
  );

const D = '/qemu.slice/101.scope';
const guest: ExclusiveGuest = {
  vm: '101',
  scope: D,
  vcpus: [
    { tid: 11, vcpu: 0, cpus: '2' },
    { tid: 12, vcpu: 1, cpus: '3' },
  ],
};

describe('a guest of Proxmox VE', () => {
  const fresh = { '/qemu.slice': {}, [D]: {} };

  test('gets a threaded child with its vCPUs, then exclusive CPUs from the slice down, then its partition', () => {
    const tree = treeOf(fresh);
    expect(inWords(takePartitionSteps(tree, partitionLeaves(tree, guest)))).toEqual([
      `make ${D}/vcpus`,
      `${D}/vcpus cgroup.type "threaded"`,
      `${D} cgroup.subtree_control "+cpuset"`,
      `${D}/vcpus cgroup.threads "11"`,
      `${D}/vcpus cgroup.threads "12"`,
      '/qemu.slice cpuset.cpus.exclusive "2-3"',
      `${D} cpuset.cpus.exclusive "2-3"`,
      `${D}/vcpus cpuset.cpus.exclusive "2-3"`,
      `${D}/vcpus cpuset.cpus.partition "root"`,
    ]);
  });

  test.each([
    ['before its group was threaded', 'domain', 'cpuset'],
    ['before the group had the controller', 'threaded', 'memory pids'],
  ])('gets its group made to the end when somebody died %s', (_, type, controllers) => {
    const tree = treeOf({
      ...fresh,
      [D]: { 'cgroup.subtree_control': controllers },
      [`${D}/vcpus`]: { 'cgroup.type': type, 'cgroup.threads': '' },
    });
    expect(inWords(takePartitionSteps(tree, partitionLeaves(tree, guest))).slice(0, 4)).toEqual([
      `make ${D}/vcpus`,
      `${D}/vcpus cgroup.type "threaded"`,
      `${D} cgroup.subtree_control "+cpuset"`,
      `${D}/vcpus cgroup.threads "11"`,
    ]);
  });

  test('leaves the slice what the other guests hold there', () => {
    const tree = treeOf({
      '/qemu.slice': { 'cpuset.cpus.exclusive': '4-5' },
      [D]: {},
      '/qemu.slice/102.scope': { 'cpuset.cpus.exclusive': '4-5' },
    });
    expect(inWords(takePartitionSteps(tree, partitionLeaves(tree, guest)))).toContain(
      '/qemu.slice cpuset.cpus.exclusive "2-5"',
    );
    expect(inWords(givePartitionBackSteps(tree, partitionLeaves(tree, guest)))).toEqual([]);
  });

  test('grows from the slice down and shrinks from its partition up', () => {
    const held = { 'cpuset.cpus.exclusive': '2,6' };
    const made = { 'cgroup.type': 'threaded', 'cgroup.threads': '11\n12', 'cpuset.cpus.partition': 'root' };
    const tree = treeOf({
      '/qemu.slice': held,
      [D]: { ...held, 'cgroup.subtree_control': 'cpuset' },
      [`${D}/vcpus`]: { ...held, ...made },
    });
    expect(inWords(takePartitionSteps(tree, partitionLeaves(tree, guest)))).toEqual([
      '/qemu.slice cpuset.cpus.exclusive "2-3,6"',
      `${D} cpuset.cpus.exclusive "2-3,6"`,
      `${D}/vcpus cpuset.cpus.exclusive "2-3"`,
      `${D} cpuset.cpus.exclusive "2-3"`,
      '/qemu.slice cpuset.cpus.exclusive "2-3"',
    ]);
  });

  test('is asked to be a partition again where it is invalid', () => {
    const held = { 'cpuset.cpus.exclusive': '2-3' };
    const tree = treeOf({
      '/qemu.slice': held,
      [D]: held,
      [`${D}/vcpus`]: { ...held, 'cgroup.threads': '11\n12', 'cpuset.cpus.partition': 'root invalid' },
    });
    expect(inWords(takePartitionSteps(tree, partitionLeaves(tree, guest))).at(-1)).toBe(
      `${D}/vcpus cpuset.cpus.partition "root"`,
    );
  });

  test('is undone from its partition up, its threads first', () => {
    const held = { 'cpuset.cpus.exclusive': '2-3' };
    const tree = treeOf({
      '/qemu.slice': held,
      [D]: held,
      [`${D}/vcpus`]: { ...held, 'cgroup.threads': '11\n12', 'cpuset.cpus.partition': 'root' },
    });
    expect(inWords(givePartitionBackSteps(tree, heldLeaves(tree, D)))).toEqual([
      `${D}/vcpus cpuset.cpus.partition "member"`,
      `${D}/vcpus cpuset.cpus.exclusive ""`,
      `${D} cgroup.threads "11"`,
      `${D} cgroup.threads "12"`,
      `remove ${D}/vcpus`,
      `${D} cgroup.subtree_control "-cpuset"`,
      `${D} cpuset.cpus.exclusive ""`,
      '/qemu.slice cpuset.cpus.exclusive ""',
    ]);
  });

  test('that is gone leaves only the slice to be swept', () => {
    const tree = treeOf({
      '/qemu.slice': { 'cpuset.cpus.exclusive': '2-5' },
      '/qemu.slice/102.scope': { 'cpuset.cpus.exclusive': '4-5' },
    });
    expect(inWords(sweepSliceSteps(tree, ['/qemu.slice']))).toEqual([
      '/qemu.slice cpuset.cpus.exclusive "4-5"',
    ]);
    expect(sweepSliceSteps(tree, ['/machine.slice'])).toEqual([]);
  });
});

test("a guest of libvirt has a partition in libvirt's own group of each vCPU", () => {
  const scope = '/machine.slice/machine-qemu\\x2d1\\x2done\\x2d5.scope';
  const tree = treeOf({
    '/machine.slice': {},
    [scope]: {},
    [`${scope}/libvirt`]: {},
    [`${scope}/libvirt/emulator`]: { 'cpuset.cpus': '0' },
    [`${scope}/libvirt/vcpu0`]: { 'cpuset.cpus': '2' },
    [`${scope}/libvirt/vcpu1`]: { 'cpuset.cpus': '3' },
  });
  const steps = takePartitionSteps(tree, partitionLeaves(tree, { ...guest, scope, burnt: '10' }));
  const exclusive = (group: string, cpus: string) => `${group} cpuset.cpus.exclusive "${cpus}"`;
  expect(inWords(steps)).toEqual([
    exclusive('/machine.slice', '2-3,10'),
    exclusive(scope, '2-3,10'),
    exclusive(`${scope}/libvirt`, '2-3,10'),
    exclusive(`${scope}/libvirt/vcpu0`, '2,10'),
    exclusive(`${scope}/libvirt/vcpu1`, '3'),
    `${scope}/libvirt/vcpu0 cpuset.cpus.partition "root"`,
    `${scope}/libvirt/vcpu1 cpuset.cpus.partition "root"`,
  ]);
});
