import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { exclusiveOf, groupsIn, threadsIn } from '../../formats/cgroup/read-cpuset.ts';
import { RUNTIME_UNITS } from '../../formats/systemd/scope-drop-in.ts';
import { readUnitProperties } from '../../formats/systemd/unit-properties.ts';
import { dissolvePartition, takePartition } from '../exclusivity/take-partition.ts';
import type { NodeLock, NodePort } from '../ports.ts';
import { nudgeSystemd } from '../proxmox/scope-files.ts';
import type { ProbeFacts } from './facts.ts';

/** What a trial is made with. */
export interface ProbeTools {
  readonly node: NodePort;
  /** The lock under which cgroups are changed. */
  readonly lock: NodeLock;
  /** A word that no other unit's name holds, such as the process's number. */
  readonly mark: string;
  /** Waits so many milliseconds. */
  readonly wait: (millis: number) => Promise<void>;
}

const PROGRAM_MS = 20_000;
/** Under emulation systemd takes seconds to start a scope. */
const ROUNDS = 100;
const ROUND_MS = 100;
/** The trial's own process ends by itself, should nobody be left to end it. */
const SLEEP_SECONDS = 60;

/**
 * Tries out on this node what a start of Proxmox VE relies on, with a scope of its own in which a `sleep` runs:
 *
 * 1. A drop-in is written, systemd nudged, and the scope made: it must have the drop-in.
 * 2. One CPU that nobody holds is made a partition of the scope and read back.
 * 3. Everything is taken away again, whatever came of it.
 *
 * Answers why each did not work, as part of a sentence; null where it did.
 */
export async function probeExclusivity(tools: ProbeTools): Promise<ProbeFacts> {
  const { node, lock, mark } = tools;
  const unit = `pinfold-probe-${mark}.scope`;
  const folder = `${RUNTIME_UNITS}/${unit}.d`;
  const release = await lock.acquire();
  try {
    node.writeAtomically(`${folder}/50-pinfold.conf`, '[Scope]\nDelegate=cpuset\n', 0o644);
    await nudgeSystemd(node);
    const scope = await startScope(tools, unit);
    if (typeof scope !== 'string') return { nudge: scope.failure, partition: scope.failure };
    const nudge = await dropInFailure(node, unit, folder);
    const partition = tryPartition(node, scope);
    return { nudge, partition };
  } finally {
    await node.run(['systemctl', 'stop', unit], { timeoutMs: PROGRAM_MS });
    node.remove(`${folder}/50-pinfold.conf`);
    node.removeFolder(folder);
    release();
  }
}

/** The cgroup of the scope once it runs, else why it does not. */
async function startScope(
  { node, wait }: ProbeTools,
  unit: string,
): Promise<string | { readonly failure: string }> {
  // systemd-run with --scope stays in front of its program, so a shell leaves it behind.
  const script = `systemd-run --quiet --scope --slice=qemu.slice --unit="$1" sleep ${SLEEP_SECONDS} < /dev/null > /dev/null 2>&1 &`;
  const { code, stderr } = await node.run(['sh', '-c', script, 'sh', unit], { timeoutMs: PROGRAM_MS });
  if (code !== 0) return { failure: `no scope could be started: ${stderr.trim() || 'systemd-run failed'}` };
  for (let round = 0; round < ROUNDS; round += 1) {
    const shown = await node.run(['systemctl', 'show', unit, '-p', 'ActiveState', '-p', 'ControlGroup'], {
      timeoutMs: PROGRAM_MS,
    });
    const properties = readUnitProperties(shown.stdout);
    const group = properties.get('ControlGroup') ?? '';
    if (properties.get('ActiveState') === 'active' && threadsIn(node.files, group).length > 0) return group;
    await wait(ROUND_MS);
  }
  return { failure: `a scope did not start within ${(ROUNDS * ROUND_MS) / 1000} s` };
}

async function dropInFailure(node: NodePort, unit: string, folder: string): Promise<string | null> {
  const { stdout } = await node.run(['systemctl', 'show', unit, '-p', 'DropInPaths', '-p', 'Delegate'], {
    timeoutMs: PROGRAM_MS,
  });
  const properties = readUnitProperties(stdout);
  if ((properties.get('DropInPaths') ?? '').split(' ').some(path => path.startsWith(folder))) return null;
  return `its DropInPaths are "${properties.get('DropInPaths') ?? ''}"`;
}

function tryPartition(node: NodePort, scope: string): string | null {
  const { files } = node;
  const online = parseCpuList(files.read('/sys/devices/system/cpu/online') ?? '');
  const held = CpuSet.union(
    ['', '/qemu.slice', '/machine.slice']
      .flatMap(slice => groupsIn(files, slice))
      .map(group => exclusiveOf(files, group)),
  );
  const free = online.minus(held).toArray();
  const cpu = free.at(-1);
  if (cpu === undefined || free.length < 2) return 'no CPU is free to try it with';
  const tid = threadsIn(files, scope)[0];
  if (tid === undefined) return 'the process of the trial ended';
  const vcpus = [{ tid, vcpu: 0, cpus: String(cpu) }];
  const failure = takePartition(node, { vm: 'probe', scope, vcpus });
  const left = dissolvePartition(node, scope);
  return failure ?? left;
}
