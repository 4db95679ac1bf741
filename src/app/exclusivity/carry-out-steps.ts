import { cgroupFile, CGROUP_ROOT } from '../../formats/cgroup/cgroup-file.ts';
import type { CgroupStep } from '../../formats/cgroup/cgroup-step.ts';
import type { NodePort } from '../ports.ts';

/**
 * Carries steps out in their order up to the first that is refused. Answers null when all were taken, else which one
 * was refused and how, as part of a sentence.
 */
export function carryOutSteps(node: NodePort, steps: readonly CgroupStep[]): string | null {
  for (const step of steps) {
    const error = carryOut(node, step);
    if (error !== null && !(step.act === 'write' && step.optional === true)) return refusal(step, error);
  }
  return null;
}

function carryOut(node: NodePort, step: CgroupStep): string | null {
  switch (step.act) {
    case 'make':
      return node.makeFolder(`${CGROUP_ROOT}${step.group}`);
    case 'remove':
      return node.removeFolder(`${CGROUP_ROOT}${step.group}`);
    case 'write':
      return node.writeInPlace(cgroupFile(step.group, step.file), step.text);
  }
}

function refusal(step: CgroupStep, error: string): string {
  if (step.act !== 'write') return `the group ${step.group} could not be ${step.act}d (${error})`;
  const what = `${step.file} of ${step.group} refused "${step.text}" (${error})`;
  if (error !== 'EINVAL' || step.file !== 'cpuset.cpus.exclusive') return what;
  return `${what}, because a group beside it holds one of these CPUs or is limited to some of them`;
}
