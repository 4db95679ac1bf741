import { parseCpuList } from '../../domain/cpu-list.ts';
import { DROP_IN_NAME, type ScopeSettings } from '../../formats/systemd/scope-drop-in.ts';
import { readUnitProperties } from '../../formats/systemd/unit-properties.ts';
import type { NodePort } from '../ports.ts';
import type { RunningQemu } from './find-qemu.ts';
import type { HookCall } from './hook-call.ts';

/** What became of a scope. */
export interface SettledScope {
  /** systemd keeps its hands off the cpusets below the scope. */
  readonly delegated: boolean;
  readonly warnings: readonly string[];
}

const CGROUPS = '/sys/fs/cgroup';

/**
 * Sees whether a scope was born with its drop-in, and sets what it missed:
 *
 * 1. Ask systemd which drop-ins it read; its list of paths may have been older than ours.
 * 2. Compare the scope's CPUs and cells in force with those decided; numbers that do not exist make systemd start it
 *    unconfined without a word.
 * 3. What differs is set for the running scope, which also moves its pages.
 */
export async function settleScope(
  call: HookCall,
  qemu: RunningQemu,
  settings: ScopeSettings,
): Promise<SettledScope> {
  const { node, vmid } = call;
  const unit = `${vmid}.scope`;
  const shown = await node.run(['systemctl', 'show', unit, '-p', 'DropInPaths', '-p', 'Delegate'], {
    timeoutMs: 10_000,
  });
  const properties = readUnitProperties(shown.stdout);
  const seen = (properties.get('DropInPaths') ?? '')
    .split(/\s+/)
    .some(path => path.endsWith(`/${DROP_IN_NAME}`));
  const missed = missing(node, qemu.scope, settings);
  const warnings: string[] = [];
  if (missed.length > 0) {
    const said = await setProperties(node, unit, missed);
    const still = said === null ? missing(node, qemu.scope, settings) : missed;
    if (still.length > 0)
      warnings.push(
        `The scope of VM ${vmid} is not held to ${still.join(' and ')}${said === null ? '' : ` (${said})`}: run "pinfold reconcile".`,
      );
    else if (!seen)
      warnings.push(
        `systemd had not seen the drop-in of VM ${vmid}, so its scope was set while it runs; memory that it had touched was moved.`,
      );
  }
  return { delegated: settings.delegate && seen && properties.get('Delegate') !== 'no', warnings };
}

/** The properties, as `Name=value`, that are not in force. */
function missing(node: NodePort, scope: string, settings: ScopeSettings): readonly string[] {
  const wanted = [
    { name: 'AllowedCPUs', file: 'cpuset.cpus', list: settings.allowedCpus },
    { name: 'AllowedMemoryNodes', file: 'cpuset.mems', list: settings.allowedCells },
  ];
  return wanted.flatMap(({ name, file, list }) => {
    if (list === null) return [];
    const actual = node.files.read(`${CGROUPS}${scope}/${file}`)?.trim() ?? '';
    return isSame(actual, list) ? [] : [`${name}=${list}`];
  });
}

function isSame(actual: string, wanted: string): boolean {
  try {
    return parseCpuList(actual).equals(parseCpuList(wanted));
  } catch {
    return false;
  }
}

/** `systemctl set-property --runtime`; answers null, else what it said. */
export async function setProperties(
  node: NodePort,
  unit: string,
  properties: readonly string[],
): Promise<string | null> {
  const { code, stderr } = await node.run(['systemctl', 'set-property', '--runtime', unit, ...properties], {
    timeoutMs: 30_000,
  });
  return code === 0
    ? null
    : stderr.trim().replace(/\s+/g, ' ') || `systemctl ended with ${code ?? 'a signal'}`;
}
