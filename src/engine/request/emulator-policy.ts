import type { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import { either, isOneOf, shown, vcpuMaskOption } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

const POLICIES = ['share', 'isolate', 'mask'] as const;
type EmulatorPolicy = GuestSpec['emulator'];

/**
 * Where the emulator threads shall run: `hw:emulator_threads_policy`, or where that is silent the image's
 * `hw_emulator_threads_policy` (Nova has no such twin); a difference is an error. Unset or `""` is `float`.
 */
export function emulatorPolicy({ extra, image }: RequestOptions): EmulatorPolicy {
  const operator = checked('hw:emulator_threads_policy', extra['hw:emulator_threads_policy']);
  const tenant = checked('hw_emulator_threads_policy', image['hw_emulator_threads_policy']);
  if (operator !== null && tenant !== null && operator !== tenant)
    throw new RequestFault(
      'emulator-policy-conflict',
      'hw_emulator_threads_policy',
      `hw_emulator_threads_policy=${tenant} contradicts hw:emulator_threads_policy=${operator}: remove the image property or choose another profile.`,
    );
  return operator ?? tenant ?? 'float';
}

/**
 * The vCPUs on whose CPUs the emulator threads run: given with the policy `mask` and only then. The image may
 * name them where the extra specs do not. Realtime vCPUs alone cannot carry them: a realtime thread that spins
 * leaves no time to the emulator.
 */
export function emulatorVcpus(
  { extra, image, vcpus }: RequestOptions,
  policy: EmulatorPolicy,
  realtime: CpuSet | null,
): CpuSet | null {
  const tenant = image['hw_emulator_threads_mask'] ?? '';
  const operator = extra['hw:emulator_threads_mask'] ?? '';
  if (operator !== '' && tenant !== '' && operator !== tenant)
    throw new RequestFault(
      'emulator-mask-conflict',
      'hw_emulator_threads_mask',
      `${shown('hw_emulator_threads_mask', tenant)} contradicts ${shown('hw:emulator_threads_mask', operator)}: remove the image property or choose another profile.`,
    );
  const option = operator === '' && tenant !== '' ? 'hw_emulator_threads_mask' : 'hw:emulator_threads_mask';
  const value = operator === '' ? tenant : operator;
  if (policy !== 'mask') {
    if (value === '') return null;
    throw new RequestFault(
      'emulator-mask-needs-policy',
      option,
      `${shown(option, value)} has no effect without hw:emulator_threads_policy=mask: set that policy or remove the mask.`,
    );
  }
  const mask = vcpuMaskOption(option, value, { vcpus, code: 'emulator-mask-invalid' });
  const wrong =
    mask.isEmpty || mask.highest >= vcpus
      ? `must name at least one of the guest's vCPUs 0-${vcpus - 1}`
      : realtime !== null && mask.isSubsetOf(realtime)
        ? `names only realtime vCPUs (${realtime.toString()}): add one that is not`
        : undefined;
  if (wrong === undefined) return mask;
  throw new RequestFault('emulator-mask-invalid', option, `${shown(option, value)} ${wrong}.`);
}

function checked(option: string, value: string | undefined): Exclude<EmulatorPolicy, 'float'> | null {
  if (value === undefined || value === '') return null;
  if (isOneOf(POLICIES, value)) return value;
  throw new RequestFault(
    'emulator-policy-invalid',
    option,
    `${shown(option, value)} is no policy for emulator threads: use ${either(POLICIES)}.`,
  );
}
