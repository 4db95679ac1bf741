import * as z from 'zod/mini';
import { CpuSyntaxError } from '../domain/cpu-list.ts';
import { parseCpuSpec } from '../domain/cpu-spec.ts';
import { countCpuList } from './count-cpu-list.ts';
import { LIMITS } from './limits.ts';

/** Fields that several documents share. Their descriptions finish the sentence "… must be". */

/** A whole number within these limits, both included; `what` names the unit or thing. */
export function whole(least: number, most: number, what = ''): z.ZodMiniNumber {
  return z
    .int()
    .check(
      z.minimum(least),
      z.maximum(most),
      z.describe(`a whole number${what === '' ? '' : ` of ${what}`} from ${least} to ${most}`),
    );
}

/** A text of at most this many characters, not empty. */
export function name(what: string): z.ZodMiniString {
  return z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(LIMITS.name),
      z.describe(`${what}, a text of 1 to ${LIMITS.name} characters`),
    );
}

function cpuText(parse: (text: string) => unknown, description: string): z.ZodMiniString {
  return z.string().check(
    z.maxLength(LIMITS.value),
    z.describe(description),
    z.check(context => {
      if (context.value.length > LIMITS.value) return;
      try {
        parse(context.value);
      } catch (error) {
        if (!(error instanceof CpuSyntaxError)) throw error;
        context.issues.push({ code: 'custom', input: context.value, message: error.message });
      }
    }),
  );
}

/** CPUs in the kernel's list syntax. */
export const cpuList = cpuText(
  countCpuList,
  'CPUs in the kernel\'s list syntax, such as "0-3,8" ("" for none)',
);

/** CPUs in Nova's syntax. */
export const cpuSpec = cpuText(parseCpuSpec, 'CPUs such as "2-63" or "0-15,^8" ("" for none)');

/** Memory, 0 MiB and up. */
export const memoryMiB = whole(0, LIMITS.memoryMiB, 'MiB');
/** 1 TiB pages are the largest that Nova can name. */
export const pageSizeKiB = whole(1, 2 ** 30, 'KiB');
/** The number of a host or guest cell: far above the kernel's largest MAX_NUMNODES (1024). */
export const cellId = whole(0, 65_535);
/** Counts of pages: those of {@link LIMITS.memoryMiB} in 4 KiB pages. */
export const pageCount = whole(0, LIMITS.memoryMiB * 256, 'pages');

/** A PCI address as sysfs spells it. */
export const pciAddress = z
  .string()
  .check(
    z.regex(/^[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$/),
    z.describe('a PCI address such as "0000:21:00.0"'),
  );

/** A PCI vendor or product number. */
export const pciId = z
  .string()
  .check(z.regex(/^(0x)?[0-9a-fA-F]{4}$/), z.describe('four hexadecimal digits such as "8086"'));

/** A finite number from `least` on. */
export function atLeast(least: number): z.ZodMiniNumber {
  return z.number().check(z.minimum(least), z.maximum(1e9), z.describe(`a number from ${least} on`));
}

/** One of these words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words).check(z.describe(words.map(word => `"${word}"`).join(' or ')));
}

/** A list of at most `most` entries. */
export function list<Element extends z.ZodMiniType>(element: Element, most: number) {
  return z.array(element).check(z.maxLength(most), z.describe(`a list of at most ${most} entries`));
}
