import { AppError, EXIT } from '../domain/app-error.ts';
import { LIMITS } from './limits.ts';

/**
 * Refuses a value that is nested too deeply or holds too many values, before anything walks it by recursion or
 * collects what is wrong with each part. Stops at the first excess, so it costs no more than the limits allow.
 */
export function checkSize(
  value: unknown,
  title: string,
  { values: most, parts: mostParts }: SizeLimits = LIMITS,
): void {
  const stack: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let values = 0;
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    values += 1;
    if (typeof top.value !== 'object' || top.value === null) continue;
    if (top.depth >= LIMITS.depth) throw tooLarge(title, `is nested more than ${LIMITS.depth} levels deep`);
    const parts: readonly unknown[] = Array.isArray(top.value)
      ? (top.value as unknown[])
      : Object.values(top.value);
    if (parts.length > mostParts)
      throw tooLarge(title, `has a list or object with more than ${mostParts} entries`);
    if (values + stack.length + parts.length > most) throw tooLarge(title, `holds more than ${most} values`);
    for (const part of parts) stack.push({ value: part, depth: top.depth + 1 });
  }
}

/** How many values a document may hold, and how many of them in one list or object. */
export interface SizeLimits {
  readonly values: number;
  readonly parts: number;
}

/** The error of a document that is beyond what may exist. */
export function tooLarge(title: string, what: string): AppError {
  return new AppError(
    'document-too-large',
    EXIT.usage,
    `${title.charAt(0).toUpperCase()}${title.slice(1)} ${what}, which no such document does: check what was given.`,
  );
}
