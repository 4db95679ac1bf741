import { isKnownSetting } from './settings.ts';

/** One section of a VM's config; the main one has no name. */
export interface ConfigSection {
  readonly name: string;
  /** Its lines that start with `#`: the description, still encoded. */
  readonly notes: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
}

/** A VM's config as the node understands it; what it does not understand is only in the warnings. */
export interface VmConfig {
  readonly main: ConfigSection;
  readonly others: readonly ConfigSection[];
  readonly warnings: readonly string[];
}

/**
 * Reads a config as qemu-server's parser does (QemuServer.pm, parse_vm_config):
 * - `[PENDING]` in any case, `[special:cloudinit]`, `[special:fleecing]` and snapshots begin sections;
 * - a line with `#` anywhere in a section belongs to that section's description;
 * - an unknown key or section is warned about and skipped, so that the next write loses it.
 */
export function parseVmConfig(text: string, vmid: string): VmConfig {
  const warnings: string[] = [];
  const sections = [openSection('')];
  let skipped = false;
  for (const line of text.split('\n').map(raw => raw.trimEnd())) {
    const header = /^\[([a-z][a-z0-9_:-]+)\]$/i.exec(line)?.[1];
    const setting = /^([a-z][a-z_-]*\d*):\s*(.+)$/.exec(line);
    if (header !== undefined) {
      const name = header.toLowerCase() === 'pending' ? 'PENDING' : header;
      skipped = name.startsWith('special:') && !/^special:(?:cloudinit|fleecing)$/.test(name);
      if (skipped) warnings.push(`vm ${vmid} - ignore unknown special section '${name.slice(8)}'`);
      else sections.push(openSection(name));
    } else if (skipped || line.trim() === '') {
      continue;
    } else if (line.startsWith('#')) {
      sections.at(-1)!.notes.push(line);
    } else if (setting === null) {
      warnings.push(`vm ${vmid} - unable to parse config: ${line}`);
    } else if (
      isKnownSetting(setting[1]!) ||
      (sections.at(-1)!.name === 'PENDING' && setting[1] === 'delete')
    ) {
      sections.at(-1)!.settings.set(setting[1]!, setting[2]!);
    } else {
      warnings.push(
        `vm ${vmid} - unable to parse value of '${setting[1]!}' - unknown setting '${setting[1]!}'`,
      );
    }
  }
  const [main, ...others] = sections;
  return { main: main!, others, warnings };
}

/** The text that the node writes: descriptions first, keys sorted, pending before special sections and snapshots. */
export function printVmConfig({ main, others }: Pick<VmConfig, 'main' | 'others'>): string {
  const rank = ({ name }: ConfigSection) => (name === 'PENDING' ? 0 : name.startsWith('special:') ? 1 : 2);
  const ordered = [...others].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const body = ({ notes, settings }: ConfigSection) => [
    ...notes,
    ...[...settings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value}`),
  ];
  const parts = [body(main), ...ordered.map(section => ['', `[${section.name}]`, ...body(section)])];
  return `${parts.flat().join('\n')}\n`;
}

/** The section that waits for the next start, or null. */
export function pendingOf(config: VmConfig): ConfigSection | null {
  return config.others.find(({ name }) => name === 'PENDING') ?? null;
}

/** The config with what was pending in force (vmconfig_apply_pending): deletions first, then the new values. */
export function withPendingApplied(config: VmConfig): VmConfig {
  const pending = pendingOf(config);
  if (pending === null) return config;
  const settings = new Map(config.main.settings);
  for (const key of (pending.settings.get('delete') ?? '').split(/[,;\s]+/).filter(Boolean))
    settings.delete(key.replace(/^!/, ''));
  for (const [key, value] of pending.settings) if (key !== 'delete') settings.set(key, value);
  return {
    ...config,
    main: { ...config.main, settings },
    others: config.others.filter(section => section !== pending),
  };
}

/** A change of settings: new values, and keys to delete. */
export interface ConfigChange {
  readonly values: ReadonlyMap<string, string>;
  readonly deleted: readonly string[];
}

/** The config with a change in force at once. */
export function withChange(config: VmConfig, change: ConfigChange): VmConfig {
  const settings = new Map([...config.main.settings, ...change.values]);
  for (const key of change.deleted) settings.delete(key);
  return { ...config, main: { ...config.main, settings } };
}

/** The config with a change waiting for the next start. A deletion revokes a pending value and the other way round. */
export function withPendingChange(config: VmConfig, change: ConfigChange): VmConfig {
  if (change.values.size === 0 && change.deleted.length === 0) return config;
  const before = pendingOf(config) ?? openSection('PENDING');
  const settings = new Map([...before.settings, ...change.values]);
  const deleted = new Set((settings.get('delete') ?? '').split(',').filter(Boolean));
  for (const key of change.deleted) {
    settings.delete(key);
    deleted.add(key);
  }
  for (const key of change.values.keys()) deleted.delete(key);
  if (deleted.size > 0) settings.set('delete', [...deleted].sort().join(','));
  else settings.delete('delete');
  const others = config.others.filter(({ name }) => name !== 'PENDING');
  return { ...config, others: [{ ...before, settings }, ...others] };
}

function openSection(name: string): { name: string; notes: string[]; settings: Map<string, string> } {
  return { name, notes: [], settings: new Map() };
}
