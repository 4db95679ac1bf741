import { parseCpuList } from '../../../domain/cpu-list.ts';
import { parseCpuSpec } from '../../../domain/cpu-spec.ts';
import { counted } from '../../../domain/counted.ts';
import { nearest } from '../../../domain/nearest.ts';
import { DEFAULT_NODE_POLICY } from '../../../domain/node-policy.ts';
import { behindPrefix, isSameTag } from '../../../formats/proxmox/tags.ts';
import type { DoctorFacts, ProxmoxFacts, ProxmoxVm } from '../facts.ts';
import { fail, named, ok, skip, vmsNamed, warn, type Outcome } from '../outcome.ts';

const HOOKSCRIPT = 'local:snippets/pinfold';
const SHIPPED = '/usr/share/pinfold/proxmox/pinfold';

/** A check of a node of Proxmox VE; elsewhere there is nothing to look at. */
function onProxmox(
  judge: (facts: ProxmoxFacts, all: DoctorFacts) => Outcome,
): (facts: DoctorFacts) => Outcome {
  return facts =>
    facts.proxmox === null ? skip('This is no node of Proxmox VE.') : judge(facts.proxmox, facts);
}

/** Whether the hook script that VMs name is there: a VM whose script is missing cannot start. */
export const snippet = onProxmox(({ snippet: found, vms }, { node }) => {
  const hooked = hookedOn(vms, node);
  const copy = `Run "install -m 755 ${SHIPPED} ${found.path}".`;
  if (!found.isPresent)
    return hooked.length === 0
      ? warn(`${found.path} is missing, and VMs that are attached could not start.`, copy)
      : fail(`${found.path} is missing, so ${vmsNamed(hooked)} cannot start.`, copy);
  if (found.isExecutable === false)
    return fail(
      `${found.path} is not executable, so Proxmox VE starts no VM that names it${hooked.length === 0 ? '' : `, ${vmsNamed(hooked)} among them`}.`,
      `Run "chmod 755 ${found.path}".`,
    );
  if (found.isCurrent === false)
    return warn(`${found.path} is not the one of this version of Pinfold.`, copy);
  return ok(
    `${found.path} is there${hooked.length === 0 ? '' : ` and called by ${counted(hooked.length, 'VM')} of this node`}.`,
  );
});

/** Whether VMs that migrate find the hook script on the other nodes. */
export const otherNodes = onProxmox(({ nodes, installed, vms }, { node }) => {
  const bare = nodes.filter(name => name !== node && !(name in installed));
  if (nodes.length < 2) return ok('This node is the only one of its cluster.');
  if (bare.length === 0) return ok(`Pinfold is on all ${counted(nodes.length, 'node')} of the cluster.`);
  const stuck = vms.filter(vm => bare.includes(vm.node) && vm.hookscript === HOOKSCRIPT);
  const remedy = `Install the package there, too; where it is, "pinfold doctor" on that node says what is missing.`;
  if (stuck.length > 0)
    return fail(
      `${named(bare)} ${bare.length === 1 ? 'does' : 'do'} not say that Pinfold is there, and ${vmsNamed(stuck.map(({ vmid }) => vmid))} on ${bare.length === 1 ? 'it' : 'them'} may not start.`,
      remedy,
    );
  return warn(
    `${named(bare)} ${bare.length === 1 ? 'does' : 'do'} not say that Pinfold is there; an attached VM that migrates or fails over to ${bare.length === 1 ? 'it' : 'them'} may not start.`,
    remedy,
  );
});

/** Whether VMs with a profile's tag on this node call the hook script. */
export const hookscripts = onProxmox(({ vms }, facts) => {
  const tagged = taggedVms(vms, facts).filter(({ vm }) => vm.node === facts.node);
  const bare = tagged.filter(({ vm }) => vm.hookscript !== HOOKSCRIPT).map(({ vm }) => vm.vmid);
  if (bare.length > 0)
    return fail(
      `${vmsNamed(bare)} ${bare.length === 1 ? 'has a tag that names' : 'have tags that name'} a profile but do${bare.length === 1 ? 'es' : ''} not call ${HOOKSCRIPT}, so nothing is placed at ${bare.length === 1 ? 'its' : 'their'} start.`,
      `Run "pinfold attach ${bare[0]!}"${bare.length === 1 ? '' : ' and so on'}, or take the tag off.`,
    );
  return tagged.length === 0
    ? ok('No VM of this node has a tag that names a profile.')
    : ok(`All ${counted(tagged.length, 'VM')} of this node with a profile's tag call the hook script.`);
});

/** Whether hook scripts that VMs had before are still there. */
export const chain = onProxmox(({ chains }) => {
  const foreign = chains.filter(({ volume }) => !/^local:snippets\/[^/\s]+$/.test(volume));
  const gone = chains.filter(one => !foreign.includes(one) && !(one.isPresent && one.isExecutable !== false));
  if (foreign.length === 0 && gone.length === 0)
    return chains.length === 0
      ? ok('No VM had a hook script of its own.')
      : ok(`The hook scripts of ${vmsNamed(chains.map(({ vmid }) => vmid))} are called behind Pinfold's.`);
  const parts = [
    ...foreign.map(
      ({ vmid, volume }) =>
        `/etc/pve/pinfold/chain/${vmid} names "${volume.slice(0, 60)}", which is no local:snippets/NAME`,
    ),
    ...gone.map(
      ({ vmid, volume, isPresent }) =>
        `${volume} of VM ${vmid} is ${isPresent ? 'not executable' : 'not on this node'}`,
    ),
  ];
  return fail(
    `${parts.join('; ')}.`,
    'Put the script back on this node, executable, or run "pinfold detach" for the VM.',
  );
});

/** Whether each tag with the prefix names one profile that exists. */
export const tags = onProxmox(({ vms }, facts) => {
  const { profiles, policy } = facts.operator;
  if (profiles === null || policy === null) return skip('The policy or the profiles cannot be read.');
  const names = Object.keys(profiles);
  const wrong = taggedVms(vms, facts).flatMap(({ vm, profiles: wanted }) => {
    if (wanted.length > 1) return [`VM ${vm.vmid} has tags of ${wanted.length} profiles (${named(wanted)})`];
    const [name = ''] = wanted;
    if (names.some(other => isSameTag(other, name))) return [];
    const near = nearest(name, names);
    return [
      `the tag of VM ${vm.vmid} names the profile "${name}", which does not exist${near === undefined ? '' : ` (the nearest is "${near}")`}`,
    ];
  });
  const stray = strayTags(vms, facts);
  if (wrong.length === 0 && stray.length > 0)
    return warn(
      `${named(stray)} ${stray.length === 1 ? 'begins' : 'begin'} as tags of profiles do, but no such profile exists and no administrator registered ${stray.length === 1 ? 'it' : 'them'}, so nothing comes of ${stray.length === 1 ? 'it' : 'them'}.`,
      'Correct the tag, or take it off.',
    );
  if (wrong.length === 0) return ok('Every tag that names a profile names one that exists.');
  const sentence = `${wrong.slice(0, 5).join('; ')}${wrong.length > 5 ? `; and ${wrong.length - 5} more` : ''}.`;
  return fail(
    sentence[0]!.toUpperCase() + sentence.slice(1),
    'Correct the tag: until then the VM is treated as one that does not fit.',
  );
});

/** Whether only administrators may set the tags of profiles. */
export const registeredTagsCheck = onProxmox(({ vms, registeredTags }, facts) => {
  const { profiles, policy } = facts.operator;
  if (profiles === null || policy === null) return skip('The policy or the profiles cannot be read.');
  const prefix = policy.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix;
  const missing = Object.keys(profiles)
    .map(name => `${prefix}${name}`)
    .filter(tag => !registeredTags.some(other => isSameTag(other, tag)));
  const remedy = `Add ${missing.length === 1 ? 'it' : 'them'} as an administrator: "pvesh set /cluster/options --registered-tags '${[...registeredTags, ...missing].join(';')}'".`;
  if ((policy.trust_tags ?? DEFAULT_NODE_POLICY.trust_tags) === 'any')
    return warn(
      'trust_tags is any, so whoever may edit a VM can give it the CPUs of every profile.',
      `Set trust_tags to registered${missing.length === 0 ? '.' : `, and register ${named(missing)}.`}`,
    );
  const used = missing.filter(tag => vms.some(vm => vm.tags.some(other => isSameTag(other, tag))));
  if (used.length > 0)
    return fail(
      `${named(used)} ${used.length === 1 ? 'is' : 'are'} given to VMs but not registered, so ${used.length === 1 ? 'it does' : 'they do'} not count.`,
      remedy,
    );
  if (missing.length > 0)
    return warn(
      `${named(missing)} ${missing.length === 1 ? 'is' : 'are'} not registered, so ${missing.length === 1 ? 'it does' : 'they do'} not count yet.`,
      remedy,
    );
  return ok('The tags of all profiles are registered: only administrators may set them.');
});

/** Masks that users set themselves on this node's VMs. */
export const affinity = onProxmox(({ vms }, { node, operator: { policy } }) => {
  const own = vms.filter(vm => vm.node === node && (vm.affinity !== null || vm.pinning !== null));
  if (own.length === 0) return ok('No VM of this node has an affinity of its own.');
  const dedicated = parseCpuSpec(policy?.cpu_dedicated_set ?? '');
  const clashing = own.filter(
    ({ affinity: list, hookscript }) =>
      list !== null && hookscript !== HOOKSCRIPT && !parseCpuList(list).intersect(dedicated).isEmpty,
  );
  const vmids = (some: readonly ProxmoxVm[]) => vmsNamed(some.map(({ vmid }) => vmid));
  if (clashing.length > 0)
    return warn(
      `The affinity of ${vmids(clashing)} lies on CPUs of cpu_dedicated_set, which it holds against every placement while it runs.`,
      `Clear it ("qm set ${clashing[0]!.vmid} --delete affinity") and attach a profile instead, or move it to the shared CPUs.`,
    );
  return ok(
    `${vmids(own)} ${own.length === 1 ? 'has' : 'have'} an affinity of ${own.length === 1 ? 'its' : 'their'} own, which is respected and counted.`,
  );
});

function hookedOn(vms: readonly ProxmoxVm[], node: string): readonly string[] {
  return vms.filter(vm => vm.node === node && vm.hookscript === HOOKSCRIPT).map(({ vmid }) => vmid);
}

/** VMs with a tag of the prefix that counts, and the profiles that those tags name. */
function taggedVms(vms: readonly ProxmoxVm[], { operator: { policy }, proxmox }: DoctorFacts) {
  const prefix = policy?.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix;
  const trusted = (policy?.trust_tags ?? DEFAULT_NODE_POLICY.trust_tags) === 'any';
  const counts = (tag: string) =>
    trusted || (proxmox?.registeredTags ?? []).some(other => isSameTag(other, tag));
  return vms.flatMap(vm => {
    const profiles = vm.tags.filter(counts).flatMap(tag => behindPrefix(tag, prefix) ?? []);
    return profiles.length === 0 ? [] : [{ vm, profiles }];
  });
}

/** Tags with the prefix that do not count and name no profile: mostly misspelt ones. */
function strayTags(vms: readonly ProxmoxVm[], facts: DoctorFacts): readonly string[] {
  const { policy, profiles } = facts.operator;
  const prefix = policy?.tag_prefix ?? DEFAULT_NODE_POLICY.tag_prefix;
  const counting = facts.proxmox?.registeredTags ?? [];
  const isStray = (tag: string): boolean => {
    const name = behindPrefix(tag, prefix);
    if (name === null || counting.some(other => isSameTag(other, tag))) return false;
    return !Object.keys(profiles ?? {}).some(profile => isSameTag(profile, name));
  };
  return vms.flatMap(({ vmid, tags: all }) => all.filter(isStray).map(tag => `${tag} of VM ${vmid}`));
}
