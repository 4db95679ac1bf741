import { parseCpuList } from '../../domain/cpu-list.ts';
import { cgroupFile, groupsAbove } from '../../formats/cgroup/cgroup-file.ts';
import { allGroups } from './cgroup-effects.ts';
import { writeCgroupFile } from './cgroup-kernel.ts';
import { enabledIn } from './cgroup-tree.ts';
import { KernelError } from './kernel-error.ts';
import { ProgramError } from './program-error.ts';
import type { TreeFiles } from './tree-files.ts';

/** Where systemd 257 was seen to keep runtime properties: scopes below `transient`, other units below `system.control`. */
const CONTROL = { scope: '/run/systemd/transient', other: '/run/systemd/system.control' } as const;

/**
 * `systemctl set-property --runtime UNIT AllowedCPUs=LIST` on the tree's cgroups. Recorded on systemd 257: the cpuset
 * controller comes on all the way down to the unit; a drop-in is left; what the kernel refuses goes to the journal only
 * and the exit code stays 0 (an empty list under tasks is ENOSPC, and the old CPUs stay); other settings do nothing to
 * cpusets here. A unit that does not run is refused.
 */
export function answerSetProperty(files: TreeFiles, argv: readonly string[]): string {
  const [unit = '', ...settings] = argv.filter(word => !word.startsWith('-'));
  const group = groupOfUnit(files, unit);
  if (group === null)
    throw new ProgramError(`Failed to set unit properties on ${unit}: Unit ${unit} not found.`);
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=');
    const folder = unit.endsWith('.scope') ? CONTROL.scope : CONTROL.other;
    const section = unit.endsWith('.scope') ? 'Scope' : unit.endsWith('.slice') ? 'Slice' : 'Service';
    files.write({
      path: `${folder}/${unit}.d/50-${name}.conf`,
      text: `# This is a drop-in unit file extension, created via "systemctl set-property"\n[${section}]\n${name}=${value}\n`,
    });
    if (name === 'AllowedCPUs') setCpus(files, group, value);
  }
  return '';
}

/** The cgroup of a unit that has one; null when it does not run. */
export function groupOfUnit(files: TreeFiles, unit: string): string | null {
  return allGroups(files).find(group => group.endsWith(`/${unit}`)) ?? null;
}

function setCpus(files: TreeFiles, group: string, list: string): void {
  try {
    const cpus = parseCpuList(list).toString();
    for (const above of ['', ...groupsAbove(group)])
      if (!enabledIn(files, above).includes('cpuset'))
        writeCgroupFile(files, cgroupFile(above, 'cgroup.subtree_control'), '+cpuset');
    writeCgroupFile(files, cgroupFile(group, 'cpuset.cpus'), cpus);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  }
}
