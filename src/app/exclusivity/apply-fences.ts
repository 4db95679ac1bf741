import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { cgroupFile, groupsAbove } from '../../formats/cgroup/cgroup-file.ts';
import {
  planFences,
  runtimeDropIns,
  unitOf,
  type Fence,
  type FencePlan,
  type FenceStep,
} from '../../formats/cgroup/fence-plan.ts';
import { readCpus } from '../../formats/cgroup/read-cpuset.ts';
import type { NodePort } from '../ports.ts';
import { pinsWithin, restorePins } from './keep-pins.ts';
import type { ExclusivityPlace } from './exclusivity.ts';
import { writeExclusivityState, type ExclusivityState } from './exclusivity-state.ts';

/** `set-property` answers in 10 ms on a server and in 0.5 s under emulation; a systemd that hangs is given up. */
const SYSTEMCTL_TIMEOUT_MS = 30_000;

/** What came of setting fences. */
export interface FenceOutcome {
  readonly fences: readonly Fence[];
  /** Groups whose CPUs were written. */
  readonly touched: readonly string[];
  /** What was refused, as parts of sentences. */
  readonly refused: readonly string[];
}

/** What stands between the fences that should be and those that are; nothing is changed. */
export function planFencesFor(node: NodePort, state: ExclusivityState): FencePlan {
  const fenced = state.guests.filter(({ inForce }) => inForce === 'fence');
  return planFences({
    tree: node.files,
    present: presentCpus(node),
    guests: fenced.map(({ scope, cpus }) => ({ scope, cpus: parseCpuList(cpus) })),
    standing: state.fences,
  });
}

/**
 * Sets and lifts fences until they are right for the guests of this state:
 *
 * 1. Remember what will be capped, so that it can be lifted also when we die in the middle.
 * 2. Units by `systemctl set-property --runtime` (a file written behind systemd's back is overwritten at its next
 *    change of the unit), groups that are no units, or of which systemd knows nothing, by their file. Each time, threads that were pinned keep their masks,
 *    also on kernels that would forget them.
 * 3. Lifting says all CPUs outright: an empty list is refused with ENOSPC while the group has tasks. Then systemd's
 *    own note of the cap goes away, unless the unit had one before.
 * 4. Remember what stands.
 */
export async function applyFences(place: ExclusivityPlace, state: ExclusivityState): Promise<FenceOutcome> {
  const { node, stateFile } = place;
  const plan = planFencesFor(node, state);
  const before = new Map([...state.fences, ...plan.fences].map(fence => [fence.group, fence]));
  writeExclusivityState(node, stateFile, { guests: state.guests, fences: [...before.values()] });
  const refused: string[] = [];
  const stuck: Fence[] = [];
  for (const step of plan.steps) {
    const fence = before.get(step.group);
    const pins = pinsWithin(node, step.group);
    const error = await setFence(node, step);
    await restorePins(node, step.group, pins);
    if (error !== null) refused.push(error);
    if (error !== null && step.lift && fence !== undefined) stuck.push(fence);
    if (error === null && step.lift && fence?.before === '') forgetDropIn(node, step.group);
  }
  const fences = [...plan.fences, ...stuck];
  writeExclusivityState(node, stateFile, { guests: state.guests, fences });
  return { fences, refused, touched: plan.steps.map(({ group }) => group) };
}

/** CPUs of the machine, online or not. */
function presentCpus(node: NodePort): CpuSet {
  return parseCpuList(node.files.read('/sys/devices/system/cpu/present') ?? '');
}

async function setFence(node: NodePort, { group, cpus }: FenceStep): Promise<string | null> {
  const unit = unitOf(group);
  if (unit === null) return writeCap(node, group, cpus);
  const argv = ['systemctl', 'set-property', '--runtime', '--', unit, `AllowedCPUs=${cpus}`];
  const { code, stderr } = await node.run(argv, { timeoutMs: SYSTEMCTL_TIMEOUT_MS });
  const said = stderr.trim().split('\n').at(-1)?.replace(/\.$/, '') ?? '';
  if (code !== 0 && said.endsWith(`Unit ${unit} not found`))
    return isGone(node, group) ? null : writeCap(node, group, cpus);
  if (code !== 0) return `${unit} could not be held to CPUs ${cpus} (${said || 'systemctl gave no answer'})`;
  // systemd answers 0 before the kernel has agreed.
  const now = readCpus(node.files, group, 'cpuset.cpus');
  return now !== null && !now.equals(parseCpuList(cpus))
    ? `${unit} was to be held to CPUs ${cpus}, but the kernel says ${now.toString() || 'all'}`
    : null;
}

/** A group that went between the plan and its step has nobody to hold. */
function isGone({ files }: NodePort, group: string): boolean {
  return files.read(cgroupFile(group, 'cgroup.procs')) === null;
}

function writeCap(node: NodePort, group: string, cpus: string): string | null {
  if (readCpus(node.files, group, 'cpuset.cpus') === null)
    for (const above of ['', ...groupsAbove(group)])
      node.writeInPlace(cgroupFile(above, 'cgroup.subtree_control'), '+cpuset');
  const error = node.writeInPlace(cgroupFile(group, 'cpuset.cpus'), cpus);
  return error === null ? null : `the group ${group} could not be held to CPUs ${cpus} (${error})`;
}

function forgetDropIn(node: NodePort, group: string): void {
  const unit = unitOf(group);
  for (const file of unit === null ? [] : runtimeDropIns(unit)) {
    if (node.files.read(file) === null) continue;
    node.remove(file);
    // Not empty when the unit has other settings of this kind.
    node.removeFolder(file.slice(0, file.lastIndexOf('/')));
  }
}
