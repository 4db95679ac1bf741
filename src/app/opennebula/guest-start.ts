import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import { DEFAULT_NODE_POLICY, hostPolicyOf, type OnRefusal, type Profile } from '../../domain/node-policy.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import { nearest } from '../../domain/nearest.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import type { DomainDescription } from '../../formats/domain-xml/domain-description.ts';
import type { VmDescription } from '../../formats/opennebula/vm-description.ts';
import { loadPolicy, type PolicyFiles } from '../load-policy.ts';
import { failure, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { sentenceOf } from '../sentence-of.ts';
import { ON_REFUSAL, sectionsWord } from './sections-word.ts';
import { tenantsPart } from './tenants-part.ts';

/**
 * What is to be done with a guest: `ours` is placed; `foreign` starts as it came (no policy, or pins of somebody
 * else's); `failed` does not start.
 */
export type GuestStart =
  | {
      readonly kind: 'ours';
      readonly request: PlacementRequest;
      readonly onRefusal: OnRefusal;
      readonly profile: string | null;
      readonly policy: HostPolicy;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'foreign'; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly answer: DriverAnswer };

/**
 * Reads the policy of a VM and the domain that it belongs to.
 *
 * Who has the last word: the section of the VM over its profile, that over policy.yaml; `strict` where nobody
 * speaks. A policy that cannot be read refuses the start, unless the section itself says float.
 */
export async function guestStart(
  call: DriverCall,
  texts: { readonly vmXml: string | null; readonly domainXml: string },
): Promise<GuestStart> {
  if (texts.vmXml?.includes('<PINFOLD>') !== true) return { kind: 'foreign', warnings: [] };
  let onRefusal: OnRefusal = 'strict';
  try {
    const { readClaimMetadata, readDomain, readVmXml } = await import('../xml-formats.ts');
    const vm = readVmXml(texts.vmXml);
    if (vm.policy === null) return { kind: 'foreign', warnings: [] };
    onRefusal = sectionsWord(vm) ?? onRefusal;
    const files = await loadPolicy(call.node, call.folders);
    const profile = vm.policy.profile === null ? null : profileOf(vm.policy.profile, files);
    onRefusal =
      sectionsWord(vm) ?? profile?.on_refusal ?? files.policy.on_refusal ?? DEFAULT_NODE_POLICY.on_refusal;
    const domain = readDomain(texts.domainXml);
    const carriesClaim = readClaimMetadata(texts.domainXml) !== null;
    return oursOrForeign({ vm, files, profile, onRefusal, domain, carriesClaim });
  } catch (error) {
    const reason = sentenceOf(error);
    if (onRefusal === 'strict') return { kind: 'failed', answer: failure(reason) };
    return { kind: 'foreign', warnings: [`${reason} The VM starts without a placement.`] };
  }
}

interface Facts {
  readonly vm: VmDescription;
  readonly files: PolicyFiles;
  readonly profile: Profile | null;
  readonly onRefusal: OnRefusal;
  readonly domain: DomainDescription;
  /** Its pins are Pinfold's own, of an earlier start. */
  readonly carriesClaim: boolean;
}

function oursOrForeign({ vm, files, profile, onRefusal, domain, carriesClaim }: Facts): GuestStart {
  if (hasForeignPins(domain) && !carriesClaim)
    return {
      kind: 'foreign',
      warnings: [
        `${domain.name} comes with pins of its own (TOPOLOGY or RAW in its template), so they are kept and counted, and its PINFOLD section is not followed: take one of the two out.`,
      ],
    };
  const tenant = tenantsPart(vm, profile);
  if (tenant.refused !== null && onRefusal === 'strict')
    return { kind: 'failed', answer: failure(tenant.refused) };
  const sectionSpecs = Object.entries(vm.policy?.extraSpecs ?? {}).filter(([key]) => key !== ON_REFUSAL);
  return {
    kind: 'ours',
    onRefusal,
    profile: vm.policy?.profile ?? null,
    policy: hostPolicyOf(files.policy),
    warnings: tenant.refused === null ? [] : [`${tenant.refused} The wish was dropped.`],
    request: {
      kind: 'pinfold/request',
      version: 1,
      vm: domain.name,
      vcpus: domain.vcpus,
      memoryMiB: Math.ceil((domain.memoryKiB - domain.deviceMemoryKiB) / 1024),
      iothreads: domain.iothreads.length,
      carrier: 'libvirt',
      extraSpecs: { ...profile?.extra_specs, ...Object.fromEntries(sectionSpecs) },
      imageProperties: tenant.imageProperties,
      devices: domain.devices.map(address => ({ address })),
    },
  };
}

/** EMULATOR_CPUS of a host makes oned write an emulatorpin for every VM: that alone is no pin of the guest's. */
function hasForeignPins({ pins, numatune, vcpuCpuset }: DomainDescription): boolean {
  return Object.keys(pins.vcpus).length > 0 || numatune !== null || vcpuCpuset !== null;
}

function profileOf(name: string, { profiles }: PolicyFiles): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return profile;
  const near = nearest(name, Object.keys(profiles));
  throw new AppError(
    'profile-unknown',
    EXIT.usage,
    `The VM's PINFOLD section names the profile "${clip(name)}", which profiles.yaml of this host does not have${near === undefined ? '' : ` (the nearest is "${near}")`}: correct the name, or add the profile and run "onehost sync --force".`,
  );
}
