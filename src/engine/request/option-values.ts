import { clip, CpuSyntaxError } from '../../domain/cpu-list.ts';
import { parseCpuSpec, parseVcpuMask } from '../../domain/cpu-spec.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { RequestErrorCode } from '../../domain/request-error-codes.ts';
import { RequestFault } from './request-fault.ts';

const WHOLE = /^\s*-?\d{1,16}\s*$/;
const TRUE_WORDS = new Set(['1', 't', 'true', 'on', 'y', 'yes']);
const FALSE_WORDS = new Set(['0', 'f', 'false', 'off', 'n', 'no']);

/** An option and its value as messages show them: `hw:cpu_policy=dedicated`. */
export function shown(option: string, value: string): string {
  return `${option}=${value === '' ? '""' : clip(value)}`;
}

/** A whole number in plain digits, blanks around it allowed; undefined when the text is none. */
export function wholeNumber(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A whole number from 0 up; throws a RequestFault of this code that says `is no <what>`. */
export function amountOption(
  option: string,
  value: string,
  { code, what }: { readonly code: RequestErrorCode; readonly what: string },
): number {
  const amount = wholeNumber(value);
  if (amount !== undefined && amount >= 0) return amount;
  throw new RequestFault(code, option, `${shown(option, value)} is no ${what}: write a whole number.`);
}

/** Whether this is one of the words; narrows it to them. */
export function isOneOf<Word extends string>(words: readonly Word[], value: string): value is Word {
  return (words as readonly string[]).includes(value);
}

/** `a, b or c`. */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
}

/**
 * A yes or no in Nova's words (oslo's `bool_from_string`): 1, t, true, on, y, yes in any case mean yes,
 * everything else no. A word that means nothing is no too, with a note.
 */
export function looseBoolean(option: string, value: string, notes: string[]): boolean {
  const word = value.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (!FALSE_WORDS.has(word))
    notes.push(`${shown(option, value)} is neither yes nor no and counts as no, as in Nova.`);
  return false;
}

/** A yes or no of our own options: undefined when the word is neither. */
export function strictBoolean(value: string): boolean | undefined {
  const word = value.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  return FALSE_WORDS.has(word) ? false : undefined;
}

/** A CPU set in Nova's syntax; its syntax error becomes the request's. */
export function cpuSetOption(option: string, value: string): CpuSet {
  return explained(option, value, 'cpu-set-invalid', () => parseCpuSpec(value));
}

/** A mask over the guest's vCPUs; its syntax error becomes the request's, under the code given. */
export function vcpuMaskOption(
  option: string,
  value: string,
  read: { readonly vcpus: number; readonly code: RequestErrorCode },
): CpuSet {
  return explained(option, value, read.code, () => parseVcpuMask(value, read.vcpus));
}

function explained(option: string, value: string, code: RequestErrorCode, parse: () => CpuSet): CpuSet {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CpuSyntaxError)) throw error;
    throw new RequestFault(code, option, `${shown(option, value)} is no set of vCPUs: ${error.message}`);
  }
}
