import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { cgroupFile, groupsAbove } from '../../formats/cgroup/cgroup-file.ts';
import { tasksWithin } from './cgroup-controllers.ts';
import { writeCgroupFile } from './cgroup-kernel.ts';
import { enabledIn } from './cgroup-tree.ts';
import { answerSetProperty, groupOfUnit } from './cgroup-units.ts';
import { onlineCells } from './hardware.ts';
import { KernelError } from './kernel-error.ts';
import { migratePages } from './migrate-pages.ts';
import { processOf, setCells } from './processes.ts';
import { ProgramError } from './program-error.ts';
import { pathsSeen, refreshPaths } from './scope-drop-ins.ts';
import type { TreeFiles } from './tree-files.ts';

/**
 * `systemctl` on a tree, as far as placement needs it (recorded on systemd 257):
 *
 * - `show UNIT -p …`: a unit that systemd does not know is `LoadState=not-found` and makes it read its list of drop-in paths
 *   anew; `show` of a scope that does not run makes it do nothing of the kind.
 * - `set-property --runtime UNIT AllowedMemoryNodes=LIST`: new cells of the scope; pages of its processes move there at once.
 *   A unit that does not run is refused.
 * - `daemon-reload`: reads the paths anew.
 */
export function answerSystemctl(files: TreeFiles, words: readonly string[]): string {
  const [verb = ''] = words;
  switch (verb) {
    case 'show':
      return show(files, words.slice(1));
    case 'set-property': {
      const said = answerSetProperty(files, words.slice(1));
      setUnitCells(files, words.slice(1));
      return said;
    }
    case 'daemon-reload':
      refreshPaths(files);
      return '';
    default:
      throw new ProgramError(`Unknown command verb '${verb}'.`);
  }
}

function show(files: TreeFiles, words: readonly string[]): string {
  const unit = words.find(word => !word.startsWith('-') && word.includes('.')) ?? '';
  const wanted = words.filter((_, index) => words[index - 1] === '-p').flatMap(word => word.split(','));
  const group = groupOfUnit(files, unit);
  // A scope exists only while it runs, and asking for its name reads nothing anew (recorded); any other unknown name does.
  if (group === null && !unit.endsWith('.scope')) refreshPaths(files);
  const dropIns = group === null ? [] : pathsSeen(files, unit);
  const delegates = dropIns.some(path => /^Delegate=cpuset$/m.test(files.read(path) ?? ''));
  const values: Readonly<Record<string, string>> = {
    LoadState: group === null ? 'not-found' : 'loaded',
    ActiveState: group === null ? 'inactive' : 'active',
    DropInPaths: dropIns.join(' '),
    Delegate: delegates ? 'yes' : 'no',
    ControlGroup: group ?? '',
  };
  return wanted.map(name => `${name}=${values[name] ?? ''}\n`).join('');
}

function setUnitCells(files: TreeFiles, words: readonly string[]): void {
  const unit = words.find(word => !word.startsWith('-')) ?? '';
  const list = words.find(word => word.startsWith('AllowedMemoryNodes='))?.split('=')[1];
  const group = groupOfUnit(files, unit);
  if (list !== undefined && group !== null) confineToCells(files, group, parseCpuList(list));
}

/**
 * `cpuset.mems` of a group with all in it: its tasks may take memory from these cells only, and what they have moves there
 * (recorded: 8767 of 8767 pages at once). Cells that do not exist are written to the journal alone, and nothing is confined.
 */
export function confineToCells(files: TreeFiles, group: string, cells: CpuSet): void {
  if (cells.isEmpty || !cells.isSubsetOf(onlineCells(files))) return;
  enableCpuset(files, group);
  files.write({ path: cgroupFile(group, 'cpuset.mems'), text: `${cells.toString()}\n` });
  files.write({ path: cgroupFile(group, 'cpuset.mems.effective'), text: `${cells.toString()}\n` });
  const pids = new Set(tasksWithin(files, group).map(tid => processOf(files, tid)));
  for (const pid of pids) {
    if (pid === null) continue;
    setCells(files, pid, cells);
    const maps = `/proc/${pid}/numa_maps`;
    // What finds no memory there stays, and nobody is told.
    if (files.read(maps) !== null)
      migratePages(files, maps, { from: onlineCells(files).minus(cells), to: [...cells] });
  }
}

/** As systemd does when a unit asks for CPUs or cells: the cpuset controller comes on all the way down to it. */
export function enableCpuset(files: TreeFiles, group: string): void {
  try {
    for (const above of ['', ...groupsAbove(group)])
      if (!enabledIn(files, above).includes('cpuset'))
        writeCgroupFile(files, cgroupFile(above, 'cgroup.subtree_control'), '+cpuset');
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  }
}
