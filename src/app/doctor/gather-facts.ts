import { readTopology } from '../../formats/sysfs/read-topology.ts';
import type { NodeLock, NodePort } from '../ports.ts';
import type { DoctorFacts, DoctorPlace, ProbeFacts } from './facts.ts';
import { gatherDisturbances, gatherKernel } from './gather-disturbances.ts';
import { gatherInstallation } from './gather-installation.ts';
import { gatherOpenNebula } from './gather-open-nebula.ts';
import { gatherOperator } from './gather-operator.ts';
import { gatherProxmox } from './gather-proxmox.ts';

/** What a doctor works with. */
export interface DoctorTools {
  readonly node: NodePort;
  readonly place: DoctorPlace;
  readonly policyFolder: string;
  /** The state folder in use, and all that could be. */
  readonly stateFolder: string;
  readonly stateFolders: readonly string[];
  /** The node's lock, to be tried; null: it is not tried here. */
  readonly lock: NodeLock | null;
  /** Tries out what only trying tells; null: not asked for. */
  readonly probe: (() => Promise<ProbeFacts>) | null;
}

/** Looks at everything that the checks judge by; changes nothing but what `probe` makes and takes away again. */
export async function gatherFacts(tools: DoctorTools): Promise<DoctorFacts> {
  const { node, place } = tools;
  const { files } = node;
  const topology = readTopology(files, node.name);
  const [proxmox, openNebula] = [await gatherProxmox(tools), await gatherOpenNebula(tools)];
  return {
    node: node.name,
    place,
    topology,
    installation: await gatherInstallation(tools, { proxmox, openNebula }),
    operator: gatherOperator(tools, topology, proxmox === null ? 'libvirt' : 'proxmox'),
    proxmox,
    openNebula,
    kernel: gatherKernel(files),
    disturbances: gatherDisturbances(files, topology),
    probe: tools.probe === null ? null : await tools.probe(),
  };
}
