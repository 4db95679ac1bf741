import type { GuestTopologyWish } from '../../domain/guest-spec.ts';
import { shown, wholeNumber } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

type Counts = GuestTopologyWish['preferred'];
const PARTS = ['sockets', 'cores', 'threads'] as const;
const NOTHING: Counts = { sockets: null, cores: null, threads: null };
const NO_WISH: GuestTopologyWish = { preferred: NOTHING, maximum: NOTHING };

/** `hw_cpu_sockets`, `_cores`, `_threads` and `hw_cpu_max_…`, checked for themselves. */
export function imageTopology({ image }: RequestOptions): GuestTopologyWish {
  return { preferred: counts(image, 'hw_cpu_'), maximum: counts(image, 'hw_cpu_max_') };
}

/**
 * The preferences and limits of both sources, by Nova's rules:
 *
 * 1. A limit of the image may only lower the extra specs' one.
 * 2. A preference of the extra specs above the limit is dropped, with a note; one of the image is an error.
 * 3. Any preference of the image replaces all three of the extra specs.
 *
 * Zero and negative numbers say nothing, except that a negative one of the image still replaces.
 */
export function guestTopologyWish(options: RequestOptions): GuestTopologyWish {
  const { extra, notes } = options;
  const image = imageTopology(options);
  const operator = { preferred: counts(extra, 'hw:cpu_'), maximum: counts(extra, 'hw:cpu_max_') };
  if ([image, operator].every(({ preferred, maximum }) => preferred === NOTHING && maximum === NOTHING))
    return NO_WISH;
  const maximum = { ...operator.maximum };
  const preferred = { ...operator.preferred };
  for (const part of PARTS) {
    const limit = limitOf(part, operator.maximum[part], image.maximum[part]);
    maximum[part] = limit;
    if (limit === null) continue;
    if ((image.preferred[part] ?? 0) > limit)
      throw new RequestFault(
        'topology-preference-above-limit',
        `hw_cpu_${part}`,
        `hw_cpu_${part}=${image.preferred[part]!} is above the limit of ${limit} ${part}: lower it.`,
      );
    if ((preferred[part] ?? 0) > limit) {
      notes.push(
        `hw:cpu_${part}=${preferred[part]!} is above the limit of ${limit} ${part} and was ignored.`,
      );
      preferred[part] = null;
    }
  }
  const chosen = PARTS.some(part => image.preferred[part] !== null) ? image.preferred : preferred;
  return { preferred: positive(chosen), maximum };
}

function limitOf(
  part: (typeof PARTS)[number],
  operator: number | null,
  tenant: number | null,
): number | null {
  if (operator !== null && tenant !== null && tenant > operator)
    throw new RequestFault(
      'topology-limit-conflict',
      `hw_cpu_max_${part}`,
      `hw_cpu_max_${part}=${tenant} is above hw:cpu_max_${part}=${operator}: an image may only lower the limit.`,
    );
  return tenant ?? operator;
}

function positive(wish: Counts): Counts {
  const kept = (count: number | null) => (count !== null && count > 0 ? count : null);
  return { sockets: kept(wish.sockets), cores: kept(wish.cores), threads: kept(wish.threads) };
}

/** The three numbers of one source, zero read as not said; the constant NOTHING when none is said. */
function counts(values: Readonly<Record<string, string>>, prefix: string): Counts {
  const read = { sockets: 0, cores: 0, threads: 0 };
  for (const part of PARTS) {
    const value = values[prefix + part];
    if (value === undefined) continue;
    const count = wholeNumber(value);
    if (count === undefined)
      throw new RequestFault(
        'topology-value-invalid',
        prefix + part,
        `${shown(prefix + part, value)} is no number of ${part}: write a whole number.`,
      );
    read[part] = count;
  }
  if (read.sockets === 0 && read.cores === 0 && read.threads === 0) return NOTHING;
  return { sockets: read.sockets || null, cores: read.cores || null, threads: read.threads || null };
}
