import type { ScopeDropIn } from '../../formats/systemd/scope-drop-in.ts';
import type { ExclusivityMode } from '../exclusivity/exclusivity.ts';
import { exclusiveGuest } from './exclusive-guest.ts';
import type { RunningQemu } from './find-qemu.ts';
import type { HookCall } from './hook-call.ts';
import { sentenceOf } from '../sentence-of.ts';

/** What keeps others off the guest's CPUs, in words. */
export interface KeptToItself {
  readonly sentences: readonly string[];
  readonly warnings: readonly string[];
  /** Masks of the guest's threads may have been replaced. */
  readonly repin: boolean;
}

const NOTHING: KeptToItself = { sentences: [], warnings: [], repin: false };

/** Where exclusivity remembers what it capped. */
export function exclusivityPlace(call: HookCall) {
  return { node: call.node, lock: call.cgroupLock, stateFile: `${call.folders.state}/exclusivity.json` };
}

/**
 * Makes the CPUs of a guest's dedicated vCPUs theirs alone, in the way that its drop-in was written for: a partition (with
 * fences in its place under `auto`) or fences. Where systemd has not delegated the scope, a partition would be taken apart at
 * the next change of any unit's properties, so that only fences are left.
 */
export async function keepToItself(
  call: HookCall,
  at: {
    readonly qemu: RunningQemu;
    readonly dropIn: ScopeDropIn;
    readonly delegated: boolean;
  },
): Promise<KeptToItself> {
  const { qemu } = at;
  const { settings, entry, policy } = at.dropIn;
  if (!settings.delegate && settings.allowedCpus === null) return NOTHING;
  const mode: ExclusivityMode = settings.delegate && at.delegated ? policy.exclusivity : 'fence';
  try {
    const { takeExclusive } = await import('./exclusivity-parts.ts');
    const guest = exclusiveGuest(call.node.files, qemu, entry);
    const report = await takeExclusive(exclusivityPlace(call), guest, mode);
    const inForce = report.inForce !== 'none';
    return {
      sentences: inForce ? report.sentences.slice(0, 1) : [],
      warnings: inForce ? report.sentences.slice(1) : report.sentences,
      repin: report.repin.includes(qemu.scope),
    };
  } catch (error) {
    return { ...NOTHING, warnings: [`Others may run on the CPUs of VM ${entry.vm}: ${sentenceOf(error)}`] };
  }
}
