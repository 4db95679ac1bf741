import type { NodePort } from '../app/ports.ts';

/** Where operators keep policy.yaml: Proxmox VE's, OpenNebula's folder on a host, and where there is no orchestrator. */
const POLICY_FOLDERS = ['/etc/pve/pinfold', '/var/tmp/one/etc/vmm/kvm/pinfold', '/etc/pinfold'] as const;

/** The first of them that holds anything; the last where none does. */
export function policyFolder(node: NodePort): string {
  return POLICY_FOLDERS.find(place => node.files.list(place).length > 0) ?? POLICY_FOLDERS[2];
}
