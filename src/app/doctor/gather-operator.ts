import { readNodePolicy } from '../../documents/parse-node-policy.ts';
import { readProfiles } from '../../documents/parse-profiles.ts';
import type { HostTopology } from '../../domain/host-topology.ts';
import { hostPolicyOf, type NodePolicy, type Profiles } from '../../domain/node-policy.ts';
import { carrierLimits } from '../../engine/request/carrier-limits.ts';
import { checkPolicy } from '../../engine/request/check-policy.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import { sentenceOf } from '../sentence-of.ts';
import type { OperatorFacts } from './facts.ts';
import type { DoctorTools } from './gather-facts.ts';

/** Options whose rightness depends on the size of the VM that asks. */
const OF_A_SIZE = /numa|mask|sockets|cores|threads|page_size|max_/;

/** What the operator wrote: every file is read by itself, so that one that is wrong does not hide another. */
export function gatherOperator(
  { node, policyFolder }: DoctorTools,
  topology: HostTopology,
  carrier: 'proxmox' | 'libvirt',
): OperatorFacts {
  const { files } = node;
  const problems = new Map<string, string | null>();
  const read = <T>(path: string, parse: (text: string, title: string) => T, silent: T): T | null => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!files.list(path.slice(0, path.lastIndexOf('/'))).includes(name)) return silent;
    try {
      const text = files.read(path);
      if (text === null) throw new Error(`${path} is there but cannot be read.`);
      const value = parse(text, path);
      problems.set(path, null);
      return value;
    } catch (error) {
      problems.set(path, sentenceOf(error));
      return null;
    }
  };
  const common = read<NodePolicy>(`${policyFolder}/policy.yaml`, readNodePolicy, {});
  const own = `${policyFolder}/nodes/${node.name}.yaml`;
  let ours: NodePolicy | null = {};
  for (const name of files.list(`${policyFolder}/nodes`).filter(file => file.endsWith('.yaml'))) {
    const path = `${policyFolder}/nodes/${name}`;
    const value = read<NodePolicy>(path, readNodePolicy, {});
    if (path === own) ours = value;
  }
  const profiles = read<Profiles>(`${policyFolder}/profiles.yaml`, readProfiles, {});
  const policy = common === null || ours === null ? null : { ...common, ...ours };
  return {
    files: [...problems].map(([path, problem]) => ({ path, problem })),
    policy,
    profiles,
    policyFaults: policy === null ? [] : faultsOf(policy, topology),
    profileFaults: Object.entries(profiles ?? {}).flatMap(([name, { extra_specs: specs }]) =>
      profileFault(name, specs, carrier),
    ),
  };
}

function faultsOf(policy: NodePolicy, topology: HostTopology): string[] {
  const host = {
    kind: 'pinfold/host',
    version: 1,
    topology,
    policy: hostPolicyOf(policy),
    claims: [],
  } as const;
  return checkPolicy(host).map(({ summary }) => summary);
}

/** What no VM of this profile could ever have, whatever its size. */
function profileFault(
  vm: string,
  extraSpecs: Readonly<Record<string, string>>,
  carrier: 'proxmox' | 'libvirt',
): string[] {
  const read = readRequest({
    kind: 'pinfold/request',
    version: 1,
    vm,
    vcpus: 8,
    memoryMiB: 8192,
    carrier,
    extraSpecs,
  });
  const told = (sentence: string) => `Profile ${vm}: ${sentence}`;
  if (read.ok) return carrierLimits(read.spec).map(({ summary }) => told(summary));
  return OF_A_SIZE.test(read.error.option ?? '') ? [] : [told(read.error.summary)];
}
