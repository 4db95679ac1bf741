import { AppError, EXIT } from '../../../domain/app-error.ts';
import { clip } from '../../../domain/cpu-list.ts';
import type { Host } from '../../../domain/host.ts';
import {
  DEFAULT_NODE_POLICY,
  type NodePolicy,
  type OnRefusal,
  type Profile,
} from '../../../domain/node-policy.ts';
import { carrierLimits } from '../../../engine/request/carrier-limits.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import { readGuestConfig } from '../../../formats/proxmox/read-guest-config.ts';
import { isSameTag, joinTags, splitTags } from '../../../formats/proxmox/tags.ts';
import type { TextTree } from '../../../formats/text-tree.ts';
import { checkVcpus } from '../policy/check-vcpus.ts';
import { configDevices } from '../policy/config-devices.ts';
import { topologyUnmet } from '../policy/fit-to-config.ts';
import { requestOf } from '../policy/guest-policy.ts';
import { tenantsWish } from '../policy/tenants-wish.ts';
import type { AttachRecord, ConfigChange } from './attach-record.ts';
import { cellsWarning, tagWarning, tagsWith } from './attach-words.ts';
import { checkMayChange, isShapeKey } from './check-may-change.ts';
import { applied, detachText } from './detach-text.ts';
import { specOf } from './guest-shape.ts';
import { shapeFor, type ChosenShape } from './shape-for.ts';
import { keepsShape, shapeKeys } from './shape-keys.ts';
import { cannot } from './shape-limits.ts';
import { vmIdentity } from './vm-identity.ts';

/** A VM that a profile is to be attached to. */
export interface AttachQuestion {
  readonly vmid: string;
  readonly configText: string;
  readonly profileName: string;
  readonly profile: Profile;
  /** Names of all profiles: a VM follows one, so that tags of the others go. */
  readonly profileNames: readonly string[];
  readonly policy: NodePolicy;
  /** The node that the VM is on, with what is taken there. */
  readonly host: Host;
  readonly node: string;
  readonly files: TextTree;
  /** What an earlier attach changed; null: nothing. */
  readonly record: AttachRecord | null;
  readonly isRunning: boolean;
}

/** The change, to be shown first and then written. */
export interface AttachPlan {
  /** The configuration that the plan was made from: whoever writes checks that it still says this. */
  readonly from: string;
  readonly text: string;
  /** Empty: the VM is attached already. */
  readonly changes: readonly ConfigChange[];
  readonly record: AttachRecord;
  /** The hook script that the VM had, which Pinfold's is to call; null: none. */
  readonly chained: string | null;
  /** Where Pinfold itself is broken, the VM does not start. */
  readonly isStrict: boolean;
  readonly warnings: readonly string[];
}

/** Pinfold's hook script, on the storage that every node has. */
export const HOOKSCRIPT = 'local:snippets/pinfold';

/**
 * Plans what a VM's configuration needs so that its profile can be kept: guest cells with host cells, huge pages, the
 * hook script and the tag. What an earlier attach changed is taken off first, so that attaching twice is attaching once,
 * and what the VM had before is never forgotten.
 *
 * @throws AppError for what Proxmox VE cannot do, and for a VM that must not be changed now
 */
export async function planAttach(question: AttachQuestion): Promise<AttachPlan> {
  const { vmid, configText, record } = question;
  const bare = record === null ? { text: configText, warnings: [] } : detachText(configText, record);
  const config = readGuestConfig(parseVmConfig(bare.text));
  checkMayChange(vmid, configText, config);
  checkVcpus(vmid, config);
  const chained = chainedScript(vmid, config.hookscript);
  const { shape, warnings } = await chosenShape(question, config);
  const edited = applied(bare.text, {
    ...(keepsShape(shape, config) ? {} : shapeKeys(shape)),
    hookscript: HOOKSCRIPT,
    tags: inOrderOf(configText, tagsWith(config.tags, question)),
  });
  const changes = changesBetween(configText, edited.text);
  const visible = changes.filter(({ key }) => isShapeKey(key)).map(({ key }) => key);
  if (question.isRunning && visible.length > 0)
    throw new AppError(
      'vm-running',
      EXIT.state,
      `VM ${vmid} runs, and what its guest sees (${visible.join(', ')}) can be changed only while it is stopped: shut it down, then try again.`,
    );
  return {
    from: configText,
    text: edited.text,
    changes,
    record: recordOf(question, edited.changes),
    chained,
    isStrict: onRefusalOf(question) === 'strict',
    warnings: [
      ...bare.warnings,
      ...warnings,
      ...cellsWarning(vmid, readGuestConfig(parseVmConfig(configText)), shape.cells),
      ...tagWarning(question),
    ],
  };
}

/** Tags as they stand when they are the same ones: Proxmox VE's API sorts them. */
function inOrderOf(configText: string, tags: readonly string[]): string | null {
  const now = parseVmConfig(configText).main.values.get('tags') ?? '';
  const there = splitTags(now);
  const same = there.length === tags.length && tags.every(tag => there.some(other => isSameTag(other, tag)));
  return same ? now : (joinTags(tags) ?? null);
}

function onRefusalOf({ profile, policy }: AttachQuestion): OnRefusal {
  return profile.on_refusal ?? policy.on_refusal ?? DEFAULT_NODE_POLICY.on_refusal;
}

/** Pinfold's hook script calls the one that was there, by its path on the storage `local`. */
function chainedScript(vmid: string, hookscript: string | null): string | null {
  if (hookscript === null || hookscript === HOOKSCRIPT) return null;
  if (/^local:snippets\/[^/\s]+$/.test(hookscript)) return hookscript;
  throw cannot(
    `VM ${vmid} has the hook script ${clip(hookscript)}, and Pinfold's calls only one in local:snippets: copy it there, name it with "qm set ${vmid} --hookscript", then try again.`,
  );
}

/** The shape that profile and tenant ask for; what the orchestrator cannot make true is refused by name. */
async function chosenShape(question: AttachQuestion, config: GuestConfig): Promise<ChosenShape> {
  const { vmid, profileName, profile, files, node, host, configText } = question;
  const { description } = config;
  const onRefusal = onRefusalOf(question);
  const wish = await tenantsWish({ vmid, description, name: profileName, profile, onRefusal });
  const devices = configDevices(config, { files, node });
  const request = requestOf(vmid, config, {
    extraSpecs: profile.extra_specs,
    imageProperties: wish.imageProperties,
    devices: devices.devices,
  });
  const spec = specOf(request);
  const limit = carrierLimits(spec)[0];
  if (limit !== undefined) throw cannot(limit.summary);
  const unmet = topologyUnmet(spec, { config });
  if (unmet !== null) throw unmet;
  const named = readGuestConfig(parseVmConfig(configText)).cells;
  const chosen = shapeFor(request, config, { host, named });
  return { ...chosen, warnings: [...wish.warnings, ...devices.warnings, ...chosen.warnings] };
}

function recordOf(
  { vmid, profileName, configText }: AttachQuestion,
  changes: readonly ConfigChange[],
): AttachRecord {
  return {
    kind: 'pinfold/attached',
    version: 1,
    vm: vmid,
    profile: profileName,
    identity: vmIdentity(configText),
    keys: Object.fromEntries(changes.map(({ key, before, after }) => [key, { before, after }])),
  };
}

/** What of the main section differs, by key in the order of the keys. */
export function changesBetween(before: string, after: string): readonly ConfigChange[] {
  const [from, to] = [before, after].map(text => parseVmConfig(text).main.values);
  return [...new Set([...from!.keys(), ...to!.keys()])]
    .sort()
    .map(key => ({ key, before: from!.get(key) ?? null, after: to!.get(key) ?? null }))
    .filter(change => change.before !== change.after);
}
