import { allOf } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import { shown, vcpuMaskOption } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

const OPTION = 'hw:cpu_dedicated_mask';

/** `hw:cpu_dedicated_mask`: a part of the vCPUs, neither none nor all; null when it is not given. */
export function dedicatedMask({ extra, vcpus }: RequestOptions): CpuSet | null {
  const value = extra[OPTION] ?? '';
  if (value === '') return null;
  const mask = vcpuMaskOption(OPTION, value, { vcpus, code: 'dedicated-mask-invalid' });
  const wrong = mask.isEmpty
    ? 'names no vCPU'
    : mask.highest >= vcpus
      ? `names vCPU ${mask.highest}, but the guest has only 0-${vcpus - 1}`
      : mask.size === vcpus
        ? `names ${allOf(vcpus, 'vCPU')}, which is hw:cpu_policy=dedicated`
        : undefined;
  if (wrong === undefined) return mask;
  throw new RequestFault(
    'dedicated-mask-invalid',
    OPTION,
    `${shown(OPTION, value)} ${wrong}: name some of the vCPUs, but not all.`,
  );
}

/**
 * The vCPUs that get a CPU of their own. With `mixed` they are what exactly one of the dedicated mask and the
 * realtime vCPUs says (all of them when everything is realtime and the emulator threads run elsewhere).
 */
export function dedicatedVcpus(
  { vcpus, extra }: RequestOptions,
  policy: GuestSpec['cpuPolicy'],
  masks: { readonly dedicated: CpuSet | null; readonly realtime: CpuSet | null },
): CpuSet {
  const { dedicated, realtime } = masks;
  if (policy !== 'mixed') {
    if (dedicated !== null)
      throw new RequestFault(
        'dedicated-mask-needs-mixed',
        OPTION,
        `${shown(OPTION, extra[OPTION]!)} needs hw:cpu_policy=mixed, but the CPU policy is ${policy ?? 'not set'}.`,
      );
    return policy === 'dedicated' ? CpuSet.range(0, vcpus - 1) : CpuSet.EMPTY;
  }
  if ((dedicated === null) === (realtime === null))
    throw new RequestFault(
      'mixed-needs-one-mask',
      OPTION,
      dedicated === null
        ? `hw:cpu_policy=mixed does not say which vCPUs are dedicated: set ${OPTION}, or hw:cpu_realtime with a mask.`
        : `hw:cpu_policy=mixed has both ${shown(OPTION, extra[OPTION]!)} and realtime vCPUs (${realtime!.toString()}), and each of them says which vCPUs are dedicated: remove one.`,
    );
  return (dedicated ?? realtime)!;
}
