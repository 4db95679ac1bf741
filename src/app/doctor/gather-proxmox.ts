import { registeredTags } from '../../formats/proxmox/datacenter-config.ts';
import { parseVmConfig } from '../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../formats/proxmox/read-guest-config.ts';
import type { NodePort } from '../ports.ts';
import { CHAIN } from '../proxmox/attach/attach-record.ts';
import type { ChainFacts, ProxmoxFacts, ProxmoxVm, SnippetFacts } from './facts.ts';
import type { DoctorTools } from './gather-facts.ts';
import { isThere } from './gather-installation.ts';

const PVE = '/etc/pve';
const SNIPPETS = '/var/lib/vz/snippets';
const SHIPPED = '/usr/share/pinfold/proxmox/pinfold';
/** Nodes name themselves here when Pinfold is installed; replicated by Proxmox VE. */
const INSTALLED = 'installed';

/** The node and its cluster; null where this is no node of Proxmox VE (its file system is empty or not there). */
export async function gatherProxmox({ node, policyFolder }: DoctorTools): Promise<ProxmoxFacts | null> {
  const { files } = node;
  const nodes = files.list(`${PVE}/nodes`);
  if (nodes.length === 0 && files.list(`${PVE}/qemu-server`).length === 0) return null;
  const volumes = files.list(`${policyFolder}/${CHAIN}`).map(vmid => ({
    vmid,
    volume: (files.read(`${policyFolder}/${CHAIN}/${vmid}`) ?? '').split('\n')[0]!.trim(),
  }));
  const path = `${SNIPPETS}/pinfold`;
  const scripts = volumes.map(({ volume }) => `${SNIPPETS}/${volume.replace('local:snippets/', '')}`);
  const runnable = await executables(node, [path, ...scripts]);
  const of = (script: string) => runnable?.has(script) ?? null;
  return {
    vms: vmsOf(node, nodes),
    nodes: nodes.length === 0 ? [node.name] : nodes,
    installed: Object.fromEntries(
      files
        .list(`${policyFolder}/${INSTALLED}`)
        .map(name => [name, (files.read(`${policyFolder}/${INSTALLED}/${name}`) ?? '').trim()]),
    ),
    registeredTags: registeredTags(files.read(`${PVE}/datacenter.cfg`) ?? ''),
    snippet: snippetOf(node, path, of(path)),
    chains: volumes.map(
      ({ vmid, volume }, index): ChainFacts => ({
        vmid,
        volume,
        isPresent: isThere(node, scripts[index]!),
        isExecutable: of(scripts[index]!),
      }),
    ),
  };
}

function snippetOf(node: NodePort, path: string, isExecutable: boolean | null): SnippetFacts {
  const shipped = node.files.read(SHIPPED);
  const isPresent = isThere(node, path);
  return {
    path,
    isPresent,
    isExecutable: isPresent ? isExecutable : null,
    isCurrent: shipped === null || !isPresent ? null : node.files.read(path) === shipped,
  };
}

/** Every VM of the cluster but templates, by number. */
function vmsOf({ name, files }: NodePort, nodes: readonly string[]): ProxmoxVm[] {
  const folders = nodes.length === 0 ? [name] : nodes;
  return folders
    .flatMap(node => {
      const folder = nodes.length === 0 ? `${PVE}/qemu-server` : `${PVE}/nodes/${node}/qemu-server`;
      return files.list(folder).flatMap((file): ProxmoxVm[] => {
        const vmid = /^([1-9]\d{2,8})\.conf$/.exec(file)?.[1];
        const text = vmid === undefined ? null : files.read(`${folder}/${file}`);
        if (vmid === undefined || text === null) return [];
        const config = readGuestConfig(parseVmConfig(text), { pending: false });
        if (config.template) return [];
        const { tags, hookscript, affinity, pinning } = config;
        return [{ vmid, node, tags, hookscript, affinity: affinity?.toString() ?? null, pinning }];
      });
    })
    .sort((a, b) => Number(a.vmid) - Number(b.vmid));
}

/** Those of these files that are executable; null where nobody can be asked (a tree). */
async function executables(node: NodePort, paths: readonly string[]): Promise<ReadonlySet<string> | null> {
  const script = 'for file; do [ -f "$file" ] && [ -x "$file" ] && printf "%s\\n" "$file"; done; exit 0';
  const { code, stdout } = await node.run(['sh', '-c', script, 'sh', ...paths], { timeoutMs: 10_000 });
  return code === 0 ? new Set(stdout.split('\n').filter(Boolean)) : null;
}
