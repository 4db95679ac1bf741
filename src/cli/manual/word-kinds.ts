import type { Verb } from '../verb.ts';

/** What stands behind an option or as a verb's argument: what a shell offers for it. */
export type WordKind =
  | { readonly kind: 'file' | 'folder' | 'vm' | 'node' | 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

const FILE: WordKind = { kind: 'file' };
const TEXT: WordKind = { kind: 'text' };
const VM: WordKind = { kind: 'vm' };

/** By the name of the option or of the argument; a test sees to it that each is here. */
const KINDS: Readonly<Record<string, WordKind>> = {
  root: { kind: 'folder' },
  into: { kind: 'folder' },
  node: { kind: 'node' },
  nodes: { kind: 'node' },
  only: VM,
  VM,
  SHELL: { kind: 'words', words: ['bash', 'zsh'] },
  strategy: { kind: 'words', words: ['pack', 'spread'] },
  ...Object.fromEntries(
    [
      'FILE',
      'REQUEST',
      'host',
      'request',
      'shape',
      'svg',
      'html',
      'for',
      'hosts',
      'replay',
      'output',
      'textfile',
      'file',
    ].map(name => [name, FILE]),
  ),
  ...Object.fromEntries(
    ['interval', 'parallel', 'deadline', 'max-move', 'profile', 'agreed'].map(name => [name, TEXT]),
  ),
};

/** What an option's value or an argument is; undefined where nobody has said so. */
export function wordKind(name: string): WordKind | undefined {
  return Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
}

/** The options of a verb with `help`, which each has, by name. */
export function optionsOf({
  options,
}: Verb): readonly (readonly [name: string, takesText: boolean, describe: string])[] {
  return [
    ...Object.entries(options).map(
      ([name, { takes, describe }]) => [name, takes === 'text', describe] as const,
    ),
    ['help', false, 'show help'] as const,
  ];
}
