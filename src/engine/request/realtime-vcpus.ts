import { allOf } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import { looseBoolean, shown, vcpuMaskOption } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

const MASKS = { extra: 'hw:cpu_realtime_mask', image: 'hw_cpu_realtime_mask' } as const;

/**
 * The realtime vCPUs, null without `hw:cpu_realtime`. The image's mask wins over the extra specs' (as in Nova),
 * no mask means all. Emulator threads need somewhere to run: without a place of their own (`share`, `isolate`)
 * at least one vCPU must stay without realtime.
 */
export function realtimeVcpus(
  { extra, image, vcpus, notes }: RequestOptions,
  emulator: GuestSpec['emulator'],
): CpuSet | null {
  const flag = extra['hw:cpu_realtime'];
  const source = (image[MASKS.image] ?? '') === '' ? 'extra' : 'image';
  const option = MASKS[source];
  const mask = (source === 'image' ? image : extra)[option] ?? '';
  if (flag === undefined || !looseBoolean('hw:cpu_realtime', flag, notes)) {
    if (mask !== '') notes.push(`${shown(option, mask)} was ignored: hw:cpu_realtime is not set.`);
    return null;
  }
  if (source === 'image' && (extra[MASKS.extra] ?? '') !== '')
    notes.push(`${shown(MASKS.image, mask)} overrides ${shown(MASKS.extra, extra[MASKS.extra]!)}.`);
  const chosen =
    mask === ''
      ? CpuSet.range(0, vcpus - 1)
      : vcpuMaskOption(option, mask, { vcpus, code: 'realtime-mask-invalid' });
  const wrong = faultOf(chosen, vcpus, emulator === 'share' || emulator === 'isolate');
  if (wrong === undefined) return chosen;
  throw new RequestFault(
    'realtime-mask-invalid',
    option,
    `${mask === '' ? 'hw:cpu_realtime without hw:cpu_realtime_mask' : shown(option, mask)} ${wrong}.`,
  );
}

function faultOf(chosen: CpuSet, vcpus: number, emulatorElsewhere: boolean): string | undefined {
  if (chosen.isEmpty) return 'leaves no realtime vCPU: name at least one';
  if (chosen.highest >= vcpus) return `names vCPU ${chosen.highest}, but the guest has only 0-${vcpus - 1}`;
  if (chosen.size === vcpus && !emulatorElsewhere)
    return `makes ${allOf(vcpus, 'vCPU')} realtime and leaves none for the emulator threads: exclude one (^0) or set hw:emulator_threads_policy to share or isolate`;
  return undefined;
}
