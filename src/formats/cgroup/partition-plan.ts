import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { cgroupFile, groupsAbove, parentGroup } from './cgroup-file.ts';
import { tryToWrite, write, type CgroupStep } from './cgroup-step.ts';
import type { PartitionLeaf } from './partition-leaf.ts';
import { partitionStateOf } from './partition-state.ts';
import { exclusiveOf, groupExists, groupsIn, threadsIn } from './read-cpuset.ts';

const EXCLUSIVE = 'cpuset.cpus.exclusive';
const PARTITION = 'cpuset.cpus.partition';

/**
 * The steps that make these groups of one guest remote partitions, or change the CPUs of those that are. The order is
 * the one that was seen to work on kernel 6.12:
 *
 * 1. Our own group: make it, `threaded`, enable cpuset in the scope, move the vCPU threads. `cpuset.cpus` of the scope
 *    stays as it is, because whatever stands there is where the vCPUs fall when the partition is lost.
 * 2. Exclusive CPUs from the outermost slice down: on the way first the union of what stands there, what the other
 *    groups in it hold, and what is wanted (a group that is written before its parent is clipped in silence, and
 *    writing the parent later does not refresh it), then the partition's own.
 * 3. The same from the bottom up, now without what was held before and is not wanted any more.
 * 4. `root` where the partition is not in force: one that became invalid does not heal by itself.
 */
export function takePartitionSteps(tree: TextTree, leaves: readonly PartitionLeaf[]): CgroupStep[] {
  const wanted = wantedExclusives(tree, leaves);
  const grown = [...wanted].map(([group, cpus]) => [group, cpus.union(exclusiveOf(tree, group))] as const);
  const shrunk = [...wanted].reverse().filter(([group, cpus]) => !exclusiveOf(tree, group).isSubsetOf(cpus));
  return [
    ...leaves.flatMap(leaf => makeLeaf(tree, leaf)),
    ...grown.map(([group, cpus]) => write(group, EXCLUSIVE, cpus.toString())),
    ...leaves.map(({ group, cpus }) => write(group, EXCLUSIVE, cpus.toString())),
    ...shrunk.map(([group, cpus]) => write(group, EXCLUSIVE, cpus.toString())),
    ...leaves
      .filter(({ group }) => !['root', 'isolated'].includes(partitionStateOf(tree, group).kind))
      .map(({ group }) => write(group, PARTITION, 'root')),
  ];
}

/**
 * The steps that end these partitions: `member`, then the threads back into the scope, our own group away, and the
 * exclusive CPUs taken off from the bottom up; what other groups hold stays. Also right when the groups are gone.
 */
export function givePartitionBackSteps(tree: TextTree, leaves: readonly PartitionLeaf[]): CgroupStep[] {
  const alive = leaves.filter(({ group }) => groupExists(tree, group));
  const none = leaves.map(leaf => ({ ...leaf, cpus: CpuSet.EMPTY }));
  const above = [...wantedExclusives(tree, none)].reverse();
  return [
    ...alive.map(({ group }) => tryToWrite(group, PARTITION, 'member')),
    ...alive.map(({ group }) => tryToWrite(group, EXCLUSIVE, '')),
    ...alive.flatMap(leaf => unmakeLeaf(tree, leaf)),
    ...above
      .filter(([group, cpus]) => !exclusiveOf(tree, group).equals(cpus))
      .map(([group, cpus]) => write(group, EXCLUSIVE, cpus.toString())),
  ];
}

/**
 * The steps that take exclusive CPUs off slices when nobody below them holds them any more, as the end of a guest
 * leaves them (harmless, but another guest's `cpuset.cpus` there would be refused).
 */
export function sweepSliceSteps(tree: TextTree, slices: readonly string[]): CgroupStep[] {
  return slices.flatMap(slice => {
    const own = exclusiveOf(tree, slice);
    const below = CpuSet.union(groupsIn(tree, slice).map(group => exclusiveOf(tree, group)));
    return own.isSubsetOf(below) ? [] : [write(slice, EXCLUSIVE, own.intersect(below).toString())];
  });
}

/** What each group above the leaves must hold in the end, the outermost first; the leaves are not in it. */
function wantedExclusives(tree: TextTree, leaves: readonly PartitionLeaf[]): Map<string, CpuSet> {
  const own = new Map<string, CpuSet>();
  for (const { group, cpus } of leaves)
    for (const above of groupsAbove(group)) own.set(above, (own.get(above) ?? CpuSet.EMPTY).union(cpus));
  const ours = new Set([...own.keys(), ...leaves.map(({ group }) => group)]);
  const depth = (group: string) => group.split('/').length;
  return new Map(
    [...own]
      .filter(([group]) => groupExists(tree, group))
      .sort(([a], [b]) => depth(a) - depth(b) || (a < b ? -1 : 1))
      .map(([group, cpus]) => {
        const others = groupsIn(tree, group).filter(inner => !ours.has(inner));
        return [group, CpuSet.union([cpus, ...others.map(inner => exclusiveOf(tree, inner))])];
      }),
  );
}

function makeLeaf(tree: TextTree, { group, threads }: PartitionLeaf): CgroupStep[] {
  if (threads === null) return [];
  const there = groupExists(tree, group) ? threadsIn(tree, group) : null;
  const scope = parentGroup(group);
  const make: readonly CgroupStep[] = [
    { act: 'make', group },
    write(group, 'cgroup.type', 'threaded'),
    write(scope, 'cgroup.subtree_control', '+cpuset'),
  ];
  return [
    ...(isReady(tree, group) ? [] : make),
    ...threads
      .filter(tid => there?.includes(tid) !== true)
      .map(tid => write(group, 'cgroup.threads', `${tid}`)),
    ...(there ?? [])
      .filter(tid => !threads.includes(tid))
      .map(tid => tryToWrite(scope, 'cgroup.threads', `${tid}`)),
  ];
}

/** Whether our group was made to its end: who made it may have been killed in between. */
function isReady(tree: TextTree, group: string): boolean {
  const controllers = tree.read(cgroupFile(parentGroup(group), 'cgroup.subtree_control')) ?? '';
  return (
    tree.read(cgroupFile(group, 'cgroup.type'))?.trim() === 'threaded' &&
    controllers.trim().split(/\s+/).includes('cpuset')
  );
}

function unmakeLeaf(tree: TextTree, { group, threads }: PartitionLeaf): CgroupStep[] {
  if (threads === null) return [];
  const scope = parentGroup(group);
  return [
    ...threadsIn(tree, group).map(tid => tryToWrite(scope, 'cgroup.threads', `${tid}`)),
    { act: 'remove', group },
    tryToWrite(scope, 'cgroup.subtree_control', '-cpuset'),
  ];
}
