import { CpuSyntaxError, parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { CGROUP_ROOT, cgroupFile, parentGroup } from '../../formats/cgroup/cgroup-file.ts';
import { groupExists, groupsIn } from '../../formats/cgroup/read-cpuset.ts';
import { effectiveByGroup, spreadEffects } from './cgroup-effects.ts';
import { writeExclusive, writePartition, breakSiblings } from './cgroup-partitions.ts';
import { addCpusetFiles, dropCpusetFiles, tasksWithin } from './cgroup-controllers.ts';
import { moveThread } from './cgroup-threads.ts';
import {
  cpusIn,
  enabledIn,
  ensureRootGroup,
  fileOf,
  hasCpuset,
  notePartition,
  putFile,
} from './cgroup-tree.ts';
import { checkCpuNumbers } from './cgroups.ts';
import { KernelError } from './kernel-error.ts';
import type { TreeFiles } from './tree-files.ts';

/** A write to a file of cgroupfs, as the kernel takes or refuses it. Throws a KernelError. */
export function writeCgroupFile(files: TreeFiles, path: string, text: string): void {
  const { group, file } = splitPath(path);
  if (files.read(path) === null) throw new KernelError('ENOENT');
  const before = effectiveByGroup(files);
  const write = WRITERS[file];
  if (write === undefined) throw new KernelError('EINVAL');
  write(files, group, text.trim());
  spreadEffects(files, before);
}

/** mkdir(2) in cgroupfs. Throws a KernelError. */
export function makeGroup(files: TreeFiles, path: string): void {
  const group = path.slice(CGROUP_ROOT.length);
  ensureRootGroup(files);
  if (groupExists(files, group)) return;
  if (!groupExists(files, parentGroup(group))) throw new KernelError('ENOENT');
  putFile(files, { group, file: 'cgroup.controllers' }, enabledIn(files, parentGroup(group)).join(' '));
  putFile(files, { group, file: 'cgroup.subtree_control' }, '');
  putFile(files, { group, file: 'cgroup.type' }, 'domain');
  for (const file of ['cgroup.procs', 'cgroup.threads'])
    files.write({ path: cgroupFile(group, file), text: '' });
  if (hasCpuset(files, group)) addCpusetFiles(files, group);
}

/** rmdir(2) in cgroupfs: a group with tasks or groups in it is busy; a partition gives its CPUs back. */
export function removeGroup(files: TreeFiles, path: string): void {
  const group = path.slice(CGROUP_ROOT.length);
  if (!groupExists(files, group)) return;
  if (groupsIn(files, group).length > 0 || tasksWithin(files, group).length > 0)
    throw new KernelError('EBUSY');
  const before = effectiveByGroup(files);
  notePartition(files, group, false);
  files.remove(path);
  const parent = parentGroup(group);
  if (!groupsIn(files, parent).some(inner => fileOf(files, inner, 'cgroup.type') === 'threaded'))
    if (fileOf(files, parent, 'cgroup.type') === 'domain threaded' && enabledIn(files, parent).length === 0)
      putFile(files, { group: parent, file: 'cgroup.type' }, 'domain');
  spreadEffects(files, before);
}

type Writer = (files: TreeFiles, group: string, text: string) => void;

const WRITERS: Readonly<Record<string, Writer>> = {
  'cgroup.type': writeType,
  'cgroup.threads': (files, group, text) => {
    moveThread(files, group, Number(text));
  },
  'cgroup.procs': (files, group) => {
    // Recorded for a threaded group; no other needs a stand-in.
    throw new KernelError(fileOf(files, group, 'cgroup.type') === 'threaded' ? 'EOPNOTSUPP' : 'EINVAL');
  },
  'cgroup.subtree_control': writeSubtreeControl,
  'cpuset.cpus': writeCpus,
  'cpuset.cpus.exclusive': (files, group, text) => {
    writeExclusive(files, group, listOf(files, text));
  },
  'cpuset.cpus.partition': writePartition,
};

function splitPath(path: string): { readonly group: string; readonly file: string } {
  const inside = path.slice(CGROUP_ROOT.length);
  return { group: parentGroup(inside), file: inside.slice(inside.lastIndexOf('/') + 1) };
}

function listOf(files: TreeFiles, text: string): CpuSet {
  try {
    const cpus = parseCpuList(text);
    checkCpuNumbers(files, cpus);
    return cpus;
  } catch (error) {
    throw error instanceof CpuSyntaxError ? new KernelError('EINVAL') : error;
  }
}

/** cgroup-v2.rst, Threads: only `threaded` may be written, and the parent becomes the root of a threaded tree. */
function writeType(files: TreeFiles, group: string, text: string): void {
  if (text !== 'threaded') throw new KernelError('EINVAL');
  const parent = parentGroup(group);
  putFile(files, { group, file: 'cgroup.type' }, 'threaded');
  if (parent !== '' && fileOf(files, parent, 'cgroup.type') === 'domain')
    putFile(files, { group: parent, file: 'cgroup.type' }, 'domain threaded');
}

/** Controllers that the group hands down; one that the parent has not got is ENOENT, one in use below EBUSY. */
function writeSubtreeControl(files: TreeFiles, group: string, text: string): void {
  const enabled = new Set(enabledIn(files, group));
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const name = word.slice(1);
    if (!fileOf(files, group, 'cgroup.controllers').split(' ').includes(name))
      throw new KernelError('ENOENT');
    if (word.startsWith('+')) {
      if (fileOf(files, group, 'cgroup.type') === 'domain' && tasksWithin(files, group, false).length > 0)
        throw new KernelError('EBUSY');
      enabled.add(name);
    } else {
      if (groupsIn(files, group).some(inner => enabledIn(files, inner).includes(name)))
        throw new KernelError('EBUSY');
      enabled.delete(name);
    }
  }
  putFile(files, { group, file: 'cgroup.subtree_control' }, [...enabled].sort().join(' '));
  for (const inner of groupsIn(files, group)) {
    putFile(files, { group: inner, file: 'cgroup.controllers' }, [...enabled].sort().join(' '));
    if (enabled.has('cpuset')) addCpusetFiles(files, inner);
    else dropCpusetFiles(files, inner);
  }
}

/** Recorded: emptying it under tasks is ENOSPC; a sibling's partition that it comes to overlap becomes invalid. */
function writeCpus(files: TreeFiles, group: string, text: string): void {
  const cpus = listOf(files, text);
  const had = cpusIn(files, group, 'cpuset.cpus');
  if (cpus.isEmpty && !had.isEmpty && tasksWithin(files, group).length > 0) throw new KernelError('ENOSPC');
  putFile(files, { group, file: 'cpuset.cpus' }, cpus.toString());
  breakSiblings(files, group, cpus);
}
