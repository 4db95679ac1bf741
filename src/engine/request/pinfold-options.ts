import { counted } from '../../domain/counted.ts';
import { CpuSyntaxError } from '../../domain/cpu-list.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import { either, isOneOf, shown, strictBoolean } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

/** What the options beyond Nova's say (`pinfold:threads` apart, see `thread-policy.ts`). */
export type PinfoldWishes = Pick<
  GuestSpec,
  'autoCells' | 'cache' | 'cpuKind' | 'allowedCells' | 'iothreadPolicy' | 'confineToCell'
>;

const NO_WISHES: PinfoldWishes = {
  autoCells: false,
  cache: 'prefer',
  cpuKind: 'any',
  allowedCells: null,
  iothreadPolicy: 'emulator',
  confineToCell: false,
};

/** Reads the `pinfold:` options; `given` says whether there are any. */
export function pinfoldWishes({ extra }: RequestOptions, given: boolean): PinfoldWishes {
  if (!given) return NO_WISHES;
  return {
    autoCells: autoCells(extra['pinfold:auto_numa']),
    cache: word('pinfold:cache', extra['pinfold:cache'], ['prefer', 'require'] as const) ?? 'prefer',
    cpuKind:
      word('pinfold:cpu_kind', extra['pinfold:cpu_kind'], ['performance', 'efficiency', 'any'] as const) ??
      'any',
    allowedCells: allowedCells(extra['pinfold:cells']),
    iothreadPolicy:
      word('pinfold:iothreads', extra['pinfold:iothreads'], ['emulator', 'isolate'] as const) ?? 'emulator',
    confineToCell: word('pinfold:confine', extra['pinfold:confine'], ['cell'] as const) !== undefined,
  };
}

/** The combinations that cannot be kept: own CPUs without dedicated ones, confined to one cell but not. */
export function checkPinfoldWishes(
  wishes: PinfoldWishes,
  policy: GuestSpec['cpuPolicy'],
  cellCount: number,
): void {
  const pinned = policy === 'dedicated' || policy === 'mixed';
  if (wishes.iothreadPolicy === 'isolate' && !pinned)
    throw new RequestFault(
      'pinfold-needs-dedicated',
      'pinfold:iothreads',
      `pinfold:iothreads=isolate takes CPUs of their own and needs hw:cpu_policy=dedicated or mixed, but the CPU policy is ${policy ?? 'not set'}.`,
    );
  if (!wishes.confineToCell) return;
  const against = pinned
    ? `the CPU policy ${policy}, which gives each vCPU its own CPU`
    : cellCount > 1
      ? `a guest of ${counted(cellCount, 'cell')}`
      : wishes.autoCells
        ? 'pinfold:auto_numa, which may split it over several'
        : undefined;
  if (against !== undefined)
    throw new RequestFault(
      'pinfold-conflict',
      'pinfold:confine',
      `pinfold:confine=cell lets a guest float within one host cell and contradicts ${against}: remove one of them.`,
    );
}

function word<Word extends string>(
  option: string,
  value: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (value === undefined || isOneOf(words, value)) return value;
  throw new RequestFault(
    'pinfold-value-invalid',
    option,
    `${shown(option, value)} is not understood: use ${either(words)}.`,
  );
}

function autoCells(value: string | undefined): boolean {
  if (value === undefined) return false;
  const answer = strictBoolean(value);
  if (answer !== undefined) return answer;
  throw new RequestFault(
    'pinfold-value-invalid',
    'pinfold:auto_numa',
    `${shown('pinfold:auto_numa', value)} is neither yes nor no: use true or false.`,
  );
}

function allowedCells(value: string | undefined): readonly number[] | null {
  if (value === undefined) return null;
  let problem = 'names no host cell';
  try {
    const cells = parseCpuSpec(value).toArray();
    if (cells.length > 0) return cells;
  } catch (error) {
    if (!(error instanceof CpuSyntaxError)) throw error;
    problem = 'is no list of host cells';
  }
  throw new RequestFault(
    'pinfold-value-invalid',
    'pinfold:cells',
    `${shown('pinfold:cells', value)} ${problem}: write their numbers as in 0-1,3.`,
  );
}
