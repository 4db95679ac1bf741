import type { Ledger } from '../../domain/ledger.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { isAlive } from '../../formats/proc/process-id.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { groupExists } from '../../formats/cgroup/read-cpuset.ts';
import { RUNTIME_UNITS, scopeDropInPath } from '../../formats/systemd/scope-drop-in.ts';
import { readUnitProperties } from '../../formats/systemd/unit-properties.ts';
import { readExclusivityState } from '../exclusivity/exclusivity-state.ts';
import type { NodePort } from '../ports.ts';
import { ATTACHED, CHAIN, STRICT } from '../proxmox/attach/attach-record.ts';
import { sentenceOf } from '../sentence-of.ts';
import type { DoctorTools } from './gather-facts.ts';
import type { InstallationFacts, OpenNebulaFacts, ProxmoxFacts } from './facts.ts';

/** PATH of a task of Proxmox VE (seen in a hook script that it ran). */
const HOOK_PATH = '/sbin:/bin:/usr/sbin:/usr/bin';
const ENGINE = '/usr/share/pinfold/hook-proxmox.cjs';
const PROGRAM_MS = 10_000;

/** What of Pinfold is on the node, and what it left. */
export async function gatherInstallation(
  tools: DoctorTools,
  orchestrators: { readonly proxmox: ProxmoxFacts | null; readonly openNebula: OpenNebulaFacts | null },
): Promise<InstallationFacts> {
  const { node, stateFolder, policyFolder, stateFolders } = tools;
  const { proxmox, openNebula } = orchestrators;
  const paths = [
    ...(proxmox === null ? [] : [ENGINE]),
    ...(openNebula?.drivers ?? [])
      .filter(({ isThere }) => isThere)
      .map(({ path }) => `${path}/pinfold/hook-opennebula.cjs`),
  ];
  return {
    nodeVersion: await nodeVersion(tools, proxmox !== null),
    engines: paths.map(path => ({ path, present: isThere(node, path) })),
    stateFolder,
    policyFolder,
    hasStateFolder: isThere(node, stateFolder),
    ledgers: stateFolders.filter(folder => isThere(node, `${folder}/ledger.json`)),
    lockProblem: await lockProblem(tools),
    timer: await timer(tools),
    leftovers: leftovers(tools, proxmox),
  };
}

/** Whether the folder of this path lists it. */
export function isThere({ files }: Pick<NodePort, 'files'>, path: string): boolean {
  const cut = path.lastIndexOf('/');
  return files.list(path.slice(0, cut) || '/').includes(path.slice(cut + 1));
}

async function nodeVersion({ node, place }: DoctorTools, ofProxmox: boolean): Promise<string | null> {
  if (place === 'tree') return null;
  const { code, stdout } = await node.run(['node', '--version'], {
    timeoutMs: PROGRAM_MS,
    ...(ofProxmox && place === 'here' ? { env: { PATH: HOOK_PATH } } : {}),
  });
  return code === 0 ? stdout.trim() : '';
}

async function lockProblem({ lock }: DoctorTools): Promise<string | null | undefined> {
  if (lock === null) return undefined;
  try {
    (await lock.acquire())();
    return null;
  } catch (error) {
    return sentenceOf(error);
  }
}

async function timer({ node, place }: DoctorTools): Promise<InstallationFacts['timer']> {
  if (place === 'tree') return null;
  const { code, stdout } = await node.run(
    ['systemctl', 'show', 'pinfold-reconcile.timer', '-p', 'LoadState', '-p', 'ActiveState'],
    { timeoutMs: PROGRAM_MS },
  );
  const properties = readUnitProperties(stdout);
  if (code !== 0 || !properties.has('LoadState')) return null;
  return {
    isLoaded: properties.get('LoadState') === 'loaded',
    isActive: properties.get('ActiveState') === 'active',
  };
}

/** What a hook that was called would have taken away: of VMs that neither run nor are being started, or are no more. */
function leftovers({ node, stateFolder, policyFolder }: DoctorTools, proxmox: ProxmoxFacts | null): string[] {
  const { files } = node;
  const text = files.read(`${stateFolder}/ledger.json`);
  const ledger: Ledger | null = text === null ? null : parseLedger(text);
  const alive = new Set([
    ...readQemuProcesses(files).map(({ name }) => name),
    ...(ledger?.entries ?? []).filter(({ process }) => process === null).map(({ vm }) => vm),
  ]);
  const dropIns = files.list(RUNTIME_UNITS).flatMap(name => {
    const vmid = /^([1-9]\d{2,8})\.scope\.d$/.exec(name)?.[1];
    if (vmid === undefined || alive.has(vmid)) return [];
    return files.read(scopeDropInPath(vmid)) === null ? [] : [`the drop-in ${scopeDropInPath(vmid)}`];
  });
  const masks = files
    .list(stateFolder)
    .filter(name => /^worker-\d+\.json$/.test(name) && !isWorkerAlive(node, `${stateFolder}/${name}`))
    .map(name => `the record of a task's mask ${stateFolder}/${name}`);
  const kept = readExclusivityState(node, `${stateFolder}/exclusivity.json`)
    .guests.filter(({ scope }) => !groupExists(files, scope))
    .map(({ vm, cpus }) => `CPUs ${cpus} kept for VM ${vm}`);
  return [...dropIns, ...masks, ...kept, ...(proxmox === null ? [] : ofGoneVms(node, policyFolder, proxmox))];
}

function isWorkerAlive({ files }: NodePort, path: string): boolean {
  const process = /"process":"([^"]*)"/.exec(files.read(path) ?? '')?.[1];
  return process !== undefined && isAlive(files, process);
}

/** Records of VMs that no node of the cluster has. */
function ofGoneVms({ files }: NodePort, policyFolder: string, { vms }: ProxmoxFacts): string[] {
  const known = new Set(vms.map(({ vmid }) => vmid));
  return [ATTACHED, CHAIN, STRICT].flatMap(folder =>
    files
      .list(`${policyFolder}/${folder}`)
      .filter(name => !known.has(name.replace(/\.json$/, '')))
      .map(name => `${policyFolder}/${folder}/${name}`),
  );
}
