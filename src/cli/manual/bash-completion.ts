import type { Verb } from '../verb.ts';
import { optionsOf, wordKind, type WordKind } from './word-kinds.ts';

/** A script for bash that completes verbs, their options and what stands behind them. */
export function bashCompletion(verbs: Readonly<Record<string, Verb>>): string {
  const names = [...Object.keys(verbs), 'help'];
  const cases = Object.entries(verbs).flatMap(([name, verb]) => caseOf(name, verb));
  return [
    '# bash completion for pinfold, as "pinfold completion bash" prints it.',
    '_pinfold_vms() { local file; for file in /etc/pve/qemu-server/*.conf; do file=${file##*/}; echo "${file%.conf}"; done 2> /dev/null; }',
    '_pinfold_nodes() { sed -n "s/^\\([A-Za-z0-9][A-Za-z0-9._-]*\\):.*/\\1/p" "$HOME/.config/pinfold/nodes.yaml" /etc/pinfold/nodes.yaml 2> /dev/null; }',
    '_pinfold() {',
    '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} options=',
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${names.join(' ')} --help --version" -- "$word"))`,
    '    return',
    '  fi',
    '  case $verb in',
    `  help) COMPREPLY=($(compgen -W "${Object.keys(verbs).join(' ')}" -- "$word")); return ;;`,
    ...cases,
    '  *) return ;;',
    '  esac',
    '  if [[ $word == -* || ${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -W "$options" -- "$word")); fi',
    '}',
    'complete -o filenames -F _pinfold pinfold',
    '',
  ].join('\n');
}

function caseOf(name: string, verb: Verb): string[] {
  const options = optionsOf(verb);
  const valued = options.filter(([, takesText]) => takesText);
  const behind = valued.map(([option]) => {
    const offer = offerOf(wordKind(option));
    return `    --${option}) ${offer === '' ? '' : `COMPREPLY=(${offer}); `}return ;;`;
  });
  const argument = verb.argument === undefined ? '' : offerOf(wordKind(verb.argument.name));
  return [
    `  ${name})`,
    ...(behind.length === 0 ? [] : ['    case $before in', ...behind, '    esac']),
    `    options="${options.map(([option]) => `--${option}`).join(' ')}"`,
    ...(argument === '' ? [] : [`    [[ $word == -* ]] || COMPREPLY=(${argument})`]),
    '    ;;',
  ];
}

/** What bash is told to offer; empty for a text that nobody can guess. */
function offerOf(kind: WordKind | undefined): string {
  switch (kind?.kind) {
    case 'file':
      return '$(compgen -f -- "$word")';
    case 'folder':
      return '$(compgen -d -- "$word")';
    case 'vm':
      return '$(compgen -W "$(_pinfold_vms)" -- "$word")';
    case 'node':
      return '$(compgen -W "$(_pinfold_nodes)" -- "$word")';
    case 'words':
      return `$(compgen -W "${kind.words.join(' ')}" -- "$word")`;
    case 'text':
    case undefined:
      return '';
  }
}
