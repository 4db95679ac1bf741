import { parseCpuList } from '../../domain/cpu-list.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { EXCLUSIVITIES, type Exclusivity, type OnRefusal } from '../../domain/node-policy.ts';
import { isLedgerEntry } from '../ledger/parse-ledger.ts';

/** Where systemd finds what an administrator, here Pinfold, adds to units until the next boot (systemd.unit(5)). */
export const RUNTIME_UNITS = '/run/systemd/system';
/** One file of a folder of its own in each scope's drop-in folder. */
export const DROP_IN_NAME = '50-pinfold.conf';

/** The path of Pinfold's drop-in for the scope of a guest of Proxmox VE. */
export function scopeDropInPath(vmid: string): string {
  return `${RUNTIME_UNITS}/${vmid}.scope.d/${DROP_IN_NAME}`;
}

/** What a scope is born with. */
export interface ScopeDropIn {
  readonly entry: LedgerEntry;
  readonly policy: PolicyInForce;
  readonly settings: ScopeSettings;
}

/** Whose word the guest runs under, for whoever looks at the node. */
export interface PolicyInForce {
  readonly profile: string | null;
  readonly onRefusal: OnRefusal;
  readonly exclusivity: Exclusivity;
}

/** What systemd does to the scope. */
export interface ScopeSettings {
  /** A partition follows: systemd keeps the cpuset controller on and its hands off what lies below the scope. */
  readonly delegate: boolean;
  /** CPUs of all its threads; null = not limited here. */
  readonly allowedCpus: string | null;
  /** Cells that its memory comes from; null = not limited here. */
  readonly allowedCells: string | null;
}

const KEPT = '# pinfold: ';

/**
 * The text of a scope's drop-in (systemd.resource-control(5)). What was decided stands in one comment line as JSON, so that
 * a lost ledger can be rebuilt from what runs; systemd reads lines of up to 1 MiB.
 */
export function writeScopeDropIn({ entry, policy, settings }: ScopeDropIn): string {
  return [
    `# Written by Pinfold for this start of VM ${entry.vm}; it goes when the VM stops.`,
    `${KEPT}${JSON.stringify({ entry, policy })}`,
    '[Scope]',
    ...(settings.delegate ? ['Delegate=cpuset'] : []),
    ...(settings.allowedCpus === null ? [] : [`AllowedCPUs=${settings.allowedCpus}`]),
    ...(settings.allowedCells === null ? [] : [`AllowedMemoryNodes=${settings.allowedCells}`]),
    '',
  ].join('\n');
}

/** What Pinfold wrote; null where that was not Pinfold, or somebody has changed it into what would mislead a decision. */
export function readScopeDropIn(text: string): ScopeDropIn | null {
  const line = text.split('\n').find(candidate => candidate.startsWith(KEPT));
  const value = parseJson(line?.slice(KEPT.length) ?? 'null');
  if (!isRecord(value) || !isLedgerEntry(value['entry']) || !isPolicy(value['policy'])) return null;
  return {
    entry: value['entry'],
    policy: value['policy'],
    settings: {
      delegate: settingOf(text, 'Delegate') === 'cpuset',
      allowedCpus: listOf(text, 'AllowedCPUs'),
      allowedCells: listOf(text, 'AllowedMemoryNodes'),
    },
  };
}

function settingOf(text: string, key: string): string | null {
  const line = text.split('\n').find(candidate => candidate.startsWith(`${key}=`));
  return line?.slice(key.length + 1).trim() ?? null;
}

function listOf(text: string, key: string): string | null {
  try {
    const list = settingOf(text, key);
    return list === null ? null : parseCpuList(list).toString();
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPolicy(value: unknown): value is PolicyInForce {
  return (
    isRecord(value) &&
    (value['profile'] === null || typeof value['profile'] === 'string') &&
    (value['onRefusal'] === 'strict' || value['onRefusal'] === 'float') &&
    EXCLUSIVITIES.some(word => word === value['exclusivity'])
  );
}
