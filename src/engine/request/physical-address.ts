import type { GuestSpec } from '../../domain/guest-spec.ts';
import { either, isOneOf, shown, wholeNumber } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

const MODES = ['passthrough', 'emulate'] as const;
type Mode = (typeof MODES)[number];

/** Physical address bits that QEMU's x86 CPUs take (`phys-bits` between 32 and 52). */
const BITS = { least: 32, most: 52 } as const;

/** `hw_maxphysaddr_mode` and `_bits`, checked for themselves. */
export function imagePhysicalAddress({ image }: RequestOptions): {
  readonly mode: Mode | null;
  readonly bits: number | null;
} {
  return {
    mode: modeOf('hw_maxphysaddr_mode', image['hw_maxphysaddr_mode']),
    bits: bitsOf('hw_maxphysaddr_bits', image['hw_maxphysaddr_bits']),
  };
}

/** The guest's physical address width, passed through to the guest; bits without a mode are ignored, with a note. */
export function physicalAddress(options: RequestOptions): GuestSpec['physicalAddress'] {
  const { extra, notes } = options;
  const tenant = imagePhysicalAddress(options);
  const operator = {
    mode: modeOf('hw:maxphysaddr_mode', extra['hw:maxphysaddr_mode']),
    bits: bitsOf('hw:maxphysaddr_bits', extra['hw:maxphysaddr_bits']),
  };
  for (const part of ['mode', 'bits'] as const) {
    if (operator[part] !== null && tenant[part] !== null && operator[part] !== tenant[part])
      throw new RequestFault(
        'physical-address-conflict',
        `hw_maxphysaddr_${part}`,
        `hw_maxphysaddr_${part}=${tenant[part]} contradicts hw:maxphysaddr_${part}=${operator[part]}: remove the image property or choose another profile.`,
      );
  }
  const mode = operator.mode ?? tenant.mode;
  const bits = operator.bits ?? tenant.bits;
  if (mode !== null) return { mode, bits };
  if (bits !== null)
    notes.push(`The physical address width of ${bits} bits was ignored: hw:maxphysaddr_mode is not set.`);
  return null;
}

function modeOf(option: string, value: string | undefined): Mode | null {
  if (value === undefined) return null;
  if (isOneOf(MODES, value)) return value;
  throw new RequestFault(
    'physical-address-invalid',
    option,
    `${shown(option, value)} is no mode: use ${either(MODES)}.`,
  );
}

function bitsOf(option: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const bits = wholeNumber(value);
  if (bits !== undefined && bits >= BITS.least && bits <= BITS.most) return bits;
  throw new RequestFault(
    'physical-address-invalid',
    option,
    `${shown(option, value)} is no width of a physical address: use a whole number from ${BITS.least} to ${BITS.most}.`,
  );
}
