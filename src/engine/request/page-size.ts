import type { PageSizeWish } from '../../domain/guest-spec.ts';
import { shown } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

/** Decimal digits, optionally a fraction, a power of 1024 and the unit: bits (b, bit) or bytes (B). */
const SIZED = /^(\d{0,15}(?:\.\d{1,15})?)([KkMGT]i?)?(bit|b|B)$/;
const POWERS: Readonly<Record<string, number>> = { K: 1, k: 1, M: 2, G: 3, T: 4 };

/**
 * The page size of both sources; null when none is asked for. The image chooses only under `large` or `any` of
 * the extra specs, and then replaces them; any other image value is an error, even an equal one (as in Nova).
 * A size that rounds to 0 KiB counts as not asked for, with a note.
 */
export function pageSize({ extra, image, notes }: RequestOptions): PageSizeWish | null {
  const operator = extra['hw:mem_page_size'] ?? '';
  const tenant = image['hw_mem_page_size'] ?? '';
  if (operator === '') {
    if (tenant === '') return null;
    throw new RequestFault(
      'page-size-conflict',
      'hw_mem_page_size',
      `${shown('hw_mem_page_size', tenant)} may only choose where hw:mem_page_size is large or any, and it is not set: set it in the profile or remove the image property.`,
    );
  }
  const wish = wishOf('hw:mem_page_size', operator, notes);
  if (tenant === '') return wish;
  if (wish === 'large' || wish === 'any') return wishOf('hw_mem_page_size', tenant, notes);
  throw new RequestFault(
    'page-size-conflict',
    'hw_mem_page_size',
    `${shown('hw_mem_page_size', tenant)} may only choose where hw:mem_page_size is large or any, and it is ${operator}: remove the image property.`,
  );
}

function wishOf(option: string, value: string, notes: string[]): PageSizeWish | null {
  if (value === 'small' || value === 'large' || value === 'any') return value;
  const sizeKiB = parsePageSizeKiB(value);
  if (sizeKiB === undefined)
    throw new RequestFault(
      'page-size-invalid',
      option,
      `${shown(option, value)} is no page size: use small, large, any, a number of KiB (2048) or a number with a unit that ends in B (2MB, 1GB).`,
    );
  if (sizeKiB > 0) return sizeKiB;
  notes.push(`${shown(option, value)} is less than 1 KiB and counts as not set, as in Nova.`);
  return null;
}

/**
 * A page size in KiB as Nova spells it: digits are KiB, else a number with a unit in powers of 1024 (`2MB`,
 * `2048KiB`, `16Mbit`), fractions cut off; undefined for anything else (`2M`, `-1`, `1G`).
 */
export function parsePageSizeKiB(text: string): number | undefined {
  const value = text.trim();
  if (/^\d{1,15}$/.test(value)) return Number(value);
  const match = SIZED.exec(value);
  if (match === null || match[1] === '') return undefined;
  const power = match[2] === undefined ? 0 : POWERS[match[2][0]!]!;
  const bytes =
    (Number(match[1]) * 1024 ** power) /
    (match[3] === 'B' ? 1 : match[3] === 'b' || match[3] === 'bit' ? 8 : 1);
  const sizeKiB = Math.floor(bytes / 1024);
  return Number.isSafeInteger(sizeKiB) ? sizeKiB : undefined;
}
