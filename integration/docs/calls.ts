import type { Verb } from '../../src/cli/verb.ts';
import { blocksOf } from './parse-page.ts';

/** The words behind `pinfold`, wherever a page calls it: in blocks and in code between backticks. */
export function callsOf(page: string): readonly (readonly string[])[] {
  const blocks = blocksOf(page).flatMap(({ language, lines }) =>
    ['console', 'sh', ''].includes(language) ? lines : [],
  );
  const inline = [...page.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code]) => code!,
  );
  return [...blocks, ...inline].flatMap(text => {
    const call = /^(?:\$ )?(?:sudo )?(?:pinfold|node dist\/pinfold\.cjs) ([a-z-][^|><#;]*)/.exec(text);
    return call === null ? [] : [call[1]!.trim().split(/\s+/)];
  });
}

/** Words that every call takes. */
const COMMON = ['help', 'version', 'json'];

/** What is wrong with a call; null: nothing. */
export function faultOfCall(
  [verb = '', ...rest]: readonly string[],
  verbs: Readonly<Record<string, Verb>>,
): string | null {
  if (['help', '--help', '--version'].includes(verb)) return null;
  const known = verbs[verb];
  if (known === undefined) return `there is no verb ${verb}`;
  const options = rest.filter(word => word.startsWith('--')).map(word => word.slice(2).replace(/=.*$/, ''));
  const unknown = options.filter(option => !(option in known.options) && !COMMON.includes(option));
  return unknown.length === 0 ? null : `${verb} has no option ${unknown.join(', ')}`;
}
