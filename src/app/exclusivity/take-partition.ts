import { CpuSet } from '../../domain/cpu-set.ts';
import { isPartitionOf, partitionStateOf } from '../../formats/cgroup/partition-state.ts';
import { groupExists, readCpus, threadsIn } from '../../formats/cgroup/read-cpuset.ts';
import { heldLeaves, partitionLeaves, type ExclusiveGuest } from '../../formats/cgroup/partition-leaf.ts';
import { givePartitionBackSteps, takePartitionSteps } from '../../formats/cgroup/partition-plan.ts';
import type { NodePort } from '../ports.ts';
import { carryOutSteps } from './carry-out-steps.ts';

/**
 * Makes the partitions of a guest and reads back what came of it: whether the kernel can is found out by doing, not by
 * its version. Answers null when they are in force, else why not, as part of a sentence; then nothing of the attempt
 * is left.
 */
export function takePartition(node: NodePort, guest: ExclusiveGuest): string | null {
  const obstacle = obstacleTo(node, guest);
  if (obstacle !== null) return obstacle;
  const leaves = partitionLeaves(node.files, guest);
  let failure: string | null = null;
  // The second round is for a group that was clipped to what its parent held in the first.
  for (let round = 0; round < 2; round += 1) {
    failure = carryOutSteps(node, takePartitionSteps(node.files, leaves));
    if (failure === null && hasPartition(node, guest)) return null;
  }
  const reason = failure ?? notInForce(node, guest);
  dissolvePartition(node, guest.scope);
  return reason;
}

/** Ends the partitions below a scope; also when the scope is gone. Answers null, else what was refused. */
export function dissolvePartition(node: NodePort, scope: string): string | null {
  const held = heldLeaves(node.files, scope);
  const gone = [{ group: `${scope}/vcpus`, cpus: CpuSet.EMPTY, threads: [] }];
  return carryOutSteps(node, givePartitionBackSteps(node.files, held.length > 0 ? held : gone));
}

/** Whether the partitions of a guest hold exactly its CPUs and its threads. */
export function hasPartition(node: NodePort, guest: ExclusiveGuest): boolean {
  return partitionLeaves(node.files, guest).every(({ group, cpus, threads }) => {
    if (!isPartitionOf(node.files, group, cpus)) return false;
    const inside = threadsIn(node.files, group);
    return threads === null || threads.every(tid => inside.includes(tid));
  });
}

function obstacleTo(node: NodePort, { scope }: ExclusiveGuest): string | null {
  if (!groupExists(node.files, scope)) return `there is no cgroup ${scope}`;
  if (readCpus(node.files, scope, 'cpuset.cpus') === null)
    return `systemd has not enabled the cpuset controller for ${scope}, which its drop-in with Delegate=cpuset does`;
  if (readCpus(node.files, scope, 'cpuset.cpus.exclusive') === null)
    return 'this kernel has no cpuset.cpus.exclusive, which came with Linux 6.7';
  return null;
}

function notInForce(node: NodePort, guest: ExclusiveGuest): string {
  for (const { group, cpus } of partitionLeaves(node.files, guest)) {
    const state = partitionStateOf(node.files, group);
    const reason = state.kind === 'invalid' ? state.reason : '';
    if (!isPartitionOf(node.files, group, cpus))
      return `the kernel says "${[state.kind, reason].filter(Boolean).join(': ')}" for ${group}`;
  }
  return 'its threads could not all be moved into the partition';
}
