import { DEFAULT_NODE_POLICY } from '../../../domain/node-policy.ts';
import type { DoctorFacts } from '../facts.ts';
import { fail, ok, skip, warn, type Outcome } from '../outcome.ts';

const TRY = 'Run "pinfold doctor --probe" as root to try it out.';

/** Whether the kernel can take CPUs from everything else: by doing where that was asked for, else by its files. */
export function partitions({ place, kernel, operator: { policy }, probe }: DoctorFacts): Outcome {
  const mode = policy?.exclusivity ?? DEFAULT_NODE_POLICY.exclusivity;
  if (mode === 'none' || mode === 'fence')
    return ok(`exclusivity is ${mode}, so no partitions are asked for.`);
  const cannot = (why: string) =>
    mode === 'partition'
      ? fail(
          `exclusivity is partition, but ${why}.`,
          'Set exclusivity to auto, which then takes fences, or boot a kernel of 6.7 or newer with cgroup v2.',
        )
      : warn(
          `No partitions: ${why}; dedicated CPUs are kept by fences around everything else.`,
          'Boot a kernel of 6.7 or newer with cgroup v2 to have partitions.',
        );
  if (probe !== null && probe.partition === null)
    return ok(
      'A partition was made, read back and dissolved: the kernel itself keeps others off dedicated CPUs.',
    );
  if (probe !== null) return cannot(probe.partition ?? '');
  if (!kernel.hasCpusets) return cannot('cgroup v2 has no cpuset controller here');
  if (kernel.hasExclusive === false)
    return cannot(
      `kernel ${kernel.release || 'of this node'} has no cpuset.cpus.exclusive, which came with Linux 6.7`,
    );
  if (kernel.hasExclusive === null)
    return skip(
      'No group has cpuset files yet, by which one could tell whether the kernel has partitions.',
      place === 'here' ? TRY : null,
    );
  return ok(
    `Kernel ${kernel.release || 'of this node'} has cpuset.cpus.exclusive${place === 'here' ? '; "pinfold doctor --probe" as root tries it out' : ''}.`,
  );
}

/** Whether systemd sees the drop-in of a scope that is about to be made. */
export function systemdNudge({ place, proxmox, probe }: DoctorFacts): Outcome {
  if (probe !== null)
    return probe.nudge === null
      ? ok('systemd applied a drop-in that was made just before its scope.')
      : fail(
          `systemd did not apply a drop-in that was made just before its scope (${probe.nudge}), so QEMU would not be born where it belongs.`,
          'Starts then move it afterwards; run "systemctl daemon-reload", try again, and report the version of systemd.',
        );
  if (proxmox === null) return skip('Only starts of Proxmox VE need it.');
  return place === 'here'
    ? skip('It is tried out only when asked for.', TRY)
    : skip('It is tried out on the node itself.');
}
