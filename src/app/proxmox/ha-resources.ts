/**
 * Whether the cluster's HA manager starts and stops this VM, by the text of /etc/pve/ha/resources.cfg: a section
 * `vm: VMID` whose state is not `ignored` (pve-ha-manager, Resources: then HA leaves it alone).
 */
export function isUnderHa(resources: string, vmid: string): boolean {
  let here = false;
  let found = false;
  for (const line of resources.split('\n')) {
    const head = /^(\w+):\s*(\S+)\s*$/.exec(line);
    if (head !== null) here = head[1] === 'vm' && head[2] === vmid;
    if (here && head !== null) found = true;
    if (here && /^\s+state\s+ignored\s*$/.test(line)) found = false;
  }
  return found;
}
