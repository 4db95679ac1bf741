/** Where cgroup v2 is mounted. */
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** Path of a file of a cgroup; groups are named by their path below the mount, as `/qemu.slice/100.scope`. */
export function cgroupFile(group: string, file: string): string {
  return `${CGROUP_ROOT}${group}/${file}`;
}

/** The group that this one lies in; `""` is the root. */
export function parentGroup(group: string): string {
  return group.slice(0, group.lastIndexOf('/'));
}

/** The groups above this one without the root, the outermost first. */
export function groupsAbove(group: string): string[] {
  const parts = group.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

/** Whether a group is this one or lies in it. */
export function isWithin(group: string, outer: string): boolean {
  return group === outer || group.startsWith(`${outer}/`);
}
