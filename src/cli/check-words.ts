import { AppError, EXIT } from '../domain/app-error.ts';
import { nearest } from '../domain/nearest.ts';
import type { Verb, VerbOption } from './verb.ts';

/** Every verb has this one; its short form is `-h`. */
const HELP: VerbOption = { takes: 'flag', describe: 'show help' };
/** A word given by mistake is repeated up to this many characters. */
const SHOWN = 60;

/**
 * Checks all words of a command line before anything is read or done. Throws an AppError of exit code 2 that names
 * the first word that is not understood and the nearest right one:
 *
 * 1. the verb;
 * 2. each option: known, given once, with a value where it takes one, and without or with true/false where not;
 * 3. words beside the options: the verb's argument, and nothing else.
 *
 * Asking for help ends the check.
 */
export function checkWords(words: readonly string[], verbs: Readonly<Record<string, Verb>>): void {
  const [name, ...rest] = words;
  const list = Object.keys(verbs).join(', ');
  if (name === undefined) throw usage(`A verb is missing: write one of ${list}, or --help.`);
  if (name === '--help' || name === '-h') return;
  if (name.startsWith('-'))
    throw usage(
      `The first word must be a verb, and ${quoted(name)} is none: write one of ${list}, then its options.`,
    );
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined)
    throw usage(
      `There is no verb ${quoted(name)}: did you mean "${nearest(name, Object.keys(verbs))!}"? The verbs are ${list}.`,
    );
  checkRest(name, verb, rest);
}

function checkRest(name: string, verb: Verb, words: readonly string[]): void {
  const options: Readonly<Record<string, VerbOption>> = { ...verb.options, help: HELP };
  const given = new Set<string>();
  const beside: string[] = [];
  const fail = (sentence: string) =>
    usage(`${sentence}${sentence.endsWith('?') ? ' See' : ': see'} pinfold ${name} --help.`);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    if (word === '-h' || word === '--help') return;
    if (word === '-' || !word.startsWith('-')) {
      beside.push(word);
      continue;
    }
    const { option, value } = split(word);
    const kind = word.startsWith('--') && Object.hasOwn(options, option) ? options[option] : undefined;
    if (kind === undefined)
      throw fail(
        `${name} has no option ${quoted(word)}: did you mean --${nearest(option, Object.keys(options))!}?`,
      );
    if (given.has(option)) throw fail(`--${option} is given twice, and counts only once`);
    given.add(option);
    if (kind.takes === 'flag') {
      if (value !== undefined && value !== 'true' && value !== 'false')
        throw fail(`--${option} takes no value, and ${quoted(value)} was given`);
      continue;
    }
    const follows = value ?? words[(index += 1)];
    if (follows === undefined || follows === '' || (value === undefined && /^-./.test(follows)))
      throw fail(`--${option} needs a value behind it`);
  }
  checkBeside(verb, beside, fail);
}

function checkBeside(verb: Verb, beside: readonly string[], fail: (sentence: string) => AppError): void {
  const most = verb.argument === undefined ? 0 : 1;
  if (beside.length > most) throw fail(`${quoted(beside[most]!)} is not understood`);
  if (verb.argument !== undefined && (beside[0] ?? '') === '')
    throw fail(`${verb.argument.name} is missing behind the verb`);
}

/** `--name=value`, `--name` or `-n` as name and value. */
function split(word: string): { readonly option: string; readonly value: string | undefined } {
  const body = word.replace(/^--?/, '');
  const equals = body.indexOf('=');
  if (equals < 0) return { option: body, value: undefined };
  return { option: body.slice(0, equals), value: body.slice(equals + 1) };
}

/** As JSON, so that line ends and controls of a word stay visible and a message one line. */
function quoted(word: string): string {
  return JSON.stringify(word.slice(0, SHOWN));
}

function usage(message: string): AppError {
  return new AppError('usage', EXIT.usage, message);
}
