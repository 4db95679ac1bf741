import { encodeText } from '../formats/proxmox/config-text.ts';
import type { ConfigSection, VmConfig } from '../formats/proxmox/vm-config.ts';

/**
 * The text that Proxmox VE itself would write for what it read (qemu-server, `write_vm_config`): of each section the
 * description first, line by line encoded, then its keys in byte order; the main section, `[PENDING]`, the special
 * sections, the snapshots by name. What the parser skipped is gone. For what Proxmox VE wrote this is the identity.
 */
export function writeVmConfig(config: VmConfig): string {
  const special = config.sections.filter(({ kind }) => kind === 'cloudinit' || kind === 'fleecing');
  const snapshots = [...config.snapshots.values()];
  const { pending } = config;
  return [
    sectionText(config.main),
    ...(pending === null || isSilent(pending) ? [] : [`\n[PENDING]\n${sectionText(pending)}`]),
    ...sorted(special).map(section => `\n[${section.name.toLowerCase()}]\n${sectionText(section)}`),
    ...sorted(snapshots).map(section => `\n[${section.name}]\n${sectionText(section)}`),
  ].join('');
}

function isSilent({ values, description }: ConfigSection): boolean {
  return values.size === 0 && description === null;
}

function sorted(sections: readonly ConfigSection[]): readonly ConfigSection[] {
  return [...sections].sort((left, right) => byBytes(left.name, right.name));
}

/** Keys and section names are ASCII, so that code units are bytes. */
function byBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function sectionText({ description, values, kind }: ConfigSection): string {
  return `${descriptionText(description, kind)}${[...values]
    .sort(([left], [right]) => byBytes(left, right))
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')}`;
}

/** In `[PENDING]` an empty description is a change of its own: it removes the one above. */
function descriptionText(description: string | null, kind: ConfigSection['kind']): string {
  if (description === null) return '';
  if (description === '') return kind === 'pending' ? '#\n' : '';
  return description
    .split('\n')
    .map(line => `#${encodeText(line)}\n`)
    .join('');
}
