import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';

/** What `pinfold status` was called with. */
export interface StatusWords {
  readonly watch: boolean;
  readonly interval: string | undefined;
  readonly svg: string | undefined;
  readonly html: string | undefined;
  readonly host: string | undefined;
  /** Another name for `host`. */
  readonly replay: string | undefined;
  /** The name in nodes.yaml. */
  readonly node: string | undefined;
  readonly root: string | undefined;
  readonly json: boolean;
}

/** The same, checked. */
export interface StatusOptions extends Omit<StatusWords, 'interval' | 'replay'> {
  readonly intervalMs: number;
}

/** Seconds between two drawings: the usual, the least that reading a large node allows, and the most. */
const USUAL_SECONDS = 2;
const LEAST_SECONDS = 0.2;
const MOST_SECONDS = 3600;

/** Pairs of options of which only one has a meaning, and what to do. */
const EXCLUDING: readonly (readonly [one: keyof StatusWords, other: keyof StatusWords, why: string])[] = [
  ['host', 'replay', 'and they mean the same'],
  ['host', 'root', 'but one node is shown'],
  ['replay', 'root', 'but one node is shown'],
  ['replay', 'node', 'but one node is shown'],
  ['host', 'node', 'but one node is shown'],
  ['node', 'root', 'but one node is shown'],
  ['watch', 'host', 'but a document does not change'],
  ['watch', 'replay', 'but a document does not change'],
  ['watch', 'svg', 'but a file is drawn once'],
  ['watch', 'html', 'but a file is drawn once'],
];

/** Checks the options before anything is read; throws an AppError of exit code 2. */
export function checkStatusWords(words: StatusWords): StatusOptions {
  const isGiven = (name: keyof StatusWords) => words[name] !== undefined && words[name] !== false;
  for (const [one, other, why] of EXCLUDING)
    if (isGiven(one) && isGiven(other))
      throw new AppError(
        'options-exclude',
        EXIT.usage,
        `Both --${one} and --${other} are given, ${why}: leave one of them out.`,
      );
  const onOutput = [words.svg === '-', words.html === '-', words.json].filter(Boolean);
  if (onOutput.length > 1)
    throw new AppError(
      'options-exclude',
      EXIT.usage,
      'Only one of --svg -, --html - and --json can have standard output: name files for the others.',
    );
  if (words.interval !== undefined && !words.watch)
    throw new AppError(
      'options-exclude',
      EXIT.usage,
      '--interval tells how often --watch draws, and --watch is not given: add it, or leave --interval out.',
    );
  const { interval, replay, ...rest } = words;
  return { ...rest, host: words.host ?? replay, intervalMs: secondsOf(interval) * 1000 };
}

function secondsOf(interval: string | undefined): number {
  if (interval === undefined) return USUAL_SECONDS;
  const seconds = /^\d{1,6}(\.\d{1,6})?$/.test(interval) ? Number(interval) : Number.NaN;
  if (seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS) return seconds;
  throw new AppError(
    'usage',
    EXIT.usage,
    `--interval takes seconds from ${LEAST_SECONDS} to ${MOST_SECONDS}, and ${JSON.stringify(clip(interval))} was given.`,
  );
}
