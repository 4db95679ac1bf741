import type { Verb } from '../verb.ts';
import { optionsOf, wordKind, type WordKind } from './word-kinds.ts';

/** A function for zsh (zshcompsys(1)) that completes verbs, their options and what stands behind them. */
export function zshCompletion(verbs: Readonly<Record<string, Verb>>): string {
  const entries = Object.entries(verbs);
  return [
    '#compdef pinfold',
    '# zsh completion for pinfold, as "pinfold completion zsh" prints it.',
    '_pinfold_vms() { local -a vms; vms=(/etc/pve/qemu-server/*.conf(N:t:r)); compadd -a vms; }',
    '_pinfold_nodes() {',
    '  local -a nodes',
    '  nodes=(${(f)"$(sed -n \'s/^\\([A-Za-z0-9][A-Za-z0-9._-]*\\):.*/\\1/p\' "$HOME/.config/pinfold/nodes.yaml" /etc/pinfold/nodes.yaml 2> /dev/null)"})',
    '  compadd -a nodes',
    '}',
    '_pinfold() {',
    '  local -a verbs',
    '  verbs=(',
    ...entries.map(([name, { summary }]) => `    ${quoted(`${name}:${summary}`)}`),
    '  )',
    '  if (( CURRENT == 2 )); then',
    "    _describe 'verb' verbs",
    '    return',
    '  fi',
    '  local verb=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $verb in',
    ...entries.flatMap(([name, verb]) => [`  ${name}) _arguments ${argumentsOf(verb).join(' ')} ;;`]),
    "  help) _describe 'verb' verbs ;;",
    '  esac',
    '}',
    'if [ "$funcstack[1]" = _pinfold ]; then _pinfold "$@"; else compdef _pinfold pinfold; fi',
    '',
  ].join('\n');
}

function argumentsOf(verb: Verb): string[] {
  const options = optionsOf(verb).map(([name, takesText, describe]) => {
    const about = `[${describe.replace(/[[\]\\]/g, '\\$&')}]`;
    return quoted(takesText ? `--${name}=${about}:${name}:${actionOf(wordKind(name))}` : `--${name}${about}`);
  });
  if (verb.argument === undefined) return options;
  const { name } = verb.argument;
  return [...options, quoted(`1:${name}:${actionOf(wordKind(name))}`)];
}

function actionOf(kind: WordKind | undefined): string {
  switch (kind?.kind) {
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'vm':
      return '_pinfold_vms';
    case 'node':
      return '_pinfold_nodes';
    case 'words':
      return `(${kind.words.join(' ')})`;
    case 'text':
    case undefined:
      return ' ';
  }
}

/** One word of the shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
