import type { AppError } from '../../../domain/app-error.ts';
import { DEFAULT_NODE_POLICY, type NodePolicy, type OnRefusal } from '../../../domain/node-policy.ts';
import type { PlacementRequest } from '../../../domain/placement-request.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../../formats/proxmox/read-guest-config.ts';
import { loadPolicy } from '../../load-policy.ts';
import type { NodePort } from '../../ports.ts';
import { sentenceOf } from '../../sentence-of.ts';
import { checkVcpus } from './check-vcpus.ts';
import { chosenProfile, type ChosenProfile } from './chosen-profile.ts';
import { configCells } from './config-cells.ts';
import { configDevices } from './config-devices.ts';
import { configPageKiB } from './config-pages.ts';
import { fitToConfig } from './fit-to-config.ts';
import { tenantsWish } from './tenants-wish.ts';
import { tagPrefix, wantsPinfold } from './wants-pinfold.ts';

/** A VM whose policy is asked for. */
export interface PolicyQuestion {
  readonly vmid: string;
  readonly configText: string;
  readonly node: Pick<NodePort, 'name' | 'files' | 'writeAtomically'>;
  readonly folders: PolicyFolders;
}

/** Where the policy lies and where its compiled form is kept. */
export interface PolicyFolders {
  readonly policy: string;
  readonly state: string;
}

/** `/etc/pve/pinfold`: pmxcfs brings it to every node of the cluster. */
export const PROXMOX_POLICY_FOLDER = '/etc/pve/pinfold';
const DATACENTER_CONFIG = '/etc/pve/datacenter.cfg';

/**
 * What is to be done with a VM: `none` has no policy; `foreign` is placed by its user; `failed` has a policy that cannot be
 * followed (`reason` is one sentence); `ours` is placed.
 */
export type GuestPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'foreign'; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string; readonly onRefusal: OnRefusal }
  | PlacedGuest;

/** A VM that is placed. */
export interface PlacedGuest {
  readonly kind: 'ours';
  readonly request: PlacementRequest;
  readonly onRefusal: OnRefusal;
  /** The profile's name. */
  readonly profile: string;
  /** A plain start may rewrite the config's host cells and start again. */
  readonly mayRequeue: boolean;
  readonly policy: NodePolicy;
  readonly config: GuestConfig;
  readonly warnings: readonly string[];
}

/**
 * What the operator wants for a VM, refined by its tenant, in the shape that its config gives QEMU.
 *
 * 1. Without a tag that begins as the policy says: `none`, and nothing more is read.
 * 2. Its tags choose a profile (see {@link chosenProfile}).
 * 3. A config with `affinity` or `pinning` of its user's: `foreign`.
 * 4. The profile's extra specs and the tenant's image properties make the request; guest cells and page size are the
 *    config's. What the config does not carry is a failure under `strict`; under `float` a warning.
 *
 * Who has the last word on a failure: the profile, then the node's policy, then `strict`.
 */
export async function guestPolicy(question: PolicyQuestion): Promise<GuestPolicy> {
  const { vmid, configText, node, folders } = question;
  const prefix = tagPrefix(node.files, { folder: folders.policy, node: node.name });
  if (!wantsPinfold(configText, prefix)) return { kind: 'none' };
  let onRefusal: OnRefusal = DEFAULT_NODE_POLICY.on_refusal;
  try {
    const files = await loadPolicy(node, folders);
    onRefusal = files.policy.on_refusal ?? onRefusal;
    const config = readGuestConfig(parseVmConfig(configText));
    const datacenterConfig = node.files.read(DATACENTER_CONFIG) ?? '';
    const chosen = chosenProfile({ vmid, tags: config.tags, files, datacenterConfig });
    if (chosen === null) return { kind: 'none' };
    onRefusal = chosen.profile.on_refusal ?? onRefusal;
    const own = config.affinity !== null ? 'affinity' : config.pinning !== null ? 'pinning' : null;
    if (own !== null) return foreign(vmid, own, chosen.name);
    return await placedGuest(question, { chosen, config, onRefusal, policy: files.policy });
  } catch (error) {
    return { kind: 'failed', reason: sentenceOf(error), onRefusal };
  }
}

function foreign(vmid: string, key: string, profile: string): GuestPolicy {
  return {
    kind: 'foreign',
    warnings: [
      `VM ${vmid} has "${key}" in its config, so that is kept and counted, and its profile "${profile}" is not followed: take one of the two off.`,
    ],
  };
}

interface Chosen {
  readonly chosen: ChosenProfile;
  readonly config: GuestConfig;
  readonly onRefusal: OnRefusal;
  readonly policy: NodePolicy;
}

async function placedGuest(
  { vmid, node }: PolicyQuestion,
  { chosen, config, onRefusal, policy }: Chosen,
): Promise<PlacedGuest> {
  const { name, profile } = chosen;
  const { description } = config;
  checkVcpus(vmid, config);
  const wish = await tenantsWish({ vmid, description, name, profile, onRefusal });
  const { devices, warnings } = configDevices(config, { files: node.files, node: node.name });
  const fitted = fitToConfig(
    requestOf(vmid, config, {
      extraSpecs: profile.extra_specs,
      imageProperties: wish.imageProperties,
      devices,
    }),
    { config, cells: configCells(config), pageKiB: configPageKiB(config, node.files) },
  );
  if (fitted.unmet !== null && (onRefusal === 'strict' || isPartlyBound(config))) throw fitted.unmet;
  return {
    kind: 'ours',
    request: fitted.request,
    onRefusal,
    profile: name,
    mayRequeue: profile.requeue,
    policy,
    config,
    warnings: [
      ...chosen.warnings,
      ...wish.warnings,
      ...warnings,
      ...(fitted.unmet === null ? [] : [floated(fitted.unmet)]),
    ],
  };
}

/**
 * Some guest cells are bound to host cells and others are not: any placement might hold the guest to cells without those
 * that are, and QEMU could not bind their memory (EINVAL).
 */
function isPartlyBound({ numa, cells }: GuestConfig): boolean {
  const bound = cells.filter(({ hostCells }) => hostCells !== null);
  return numa && bound.length > 0 && bound.length < cells.length;
}

function floated(unmet: AppError): string {
  return `${unmet.message} It starts as its config has it, because its policy says float.`;
}

/** What a guest of this configuration asks for. */
export function requestOf(
  vmid: string,
  config: GuestConfig,
  asked: Pick<PlacementRequest, 'extraSpecs' | 'imageProperties' | 'devices'>,
): PlacementRequest {
  const { vcpus, maxVcpus, memoryMiB, iothreads } = config;
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: vmid,
    vcpus,
    ...(maxVcpus > vcpus ? { maxVcpus } : {}),
    memoryMiB,
    iothreads: iothreads.length,
    carrier: 'proxmox',
    ...asked,
  };
}
