import { VirshError } from './virsh-error.ts';

/** One call of virsh: what follows the verb, cut into words and options. */
export interface VirshCall {
  readonly words: readonly string[];
  /** By name without dashes; `""` for a flag. */
  readonly options: ReadonlyMap<string, string>;
}

/** Options of the verbs known here that take a value. */
const VALUED: ReadonlySet<string> = new Set(
  'domain vcpu cpulist iothread nodeset mode uri key set count file xml'.split(' '),
);
/** Options before the verb that take a value. */
const GLOBAL_VALUED: ReadonlySet<string> = new Set('-c --connect -d --debug -l --log -k -K'.split(' '));

/** Cuts virsh's arguments (without the program's name) into verb and call. */
export function virshCallOf(argv: readonly string[]): { readonly verb: string; readonly call: VirshCall } {
  let start = 0;
  while (argv[start]?.startsWith('-') === true) start += GLOBAL_VALUED.has(argv[start]!) ? 2 : 1;
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let at = start + 1; at < argv.length; at += 1) {
    const option = /^--([\w-]+)(?:=(.*))?$/s.exec(argv[at]!);
    if (option === null) words.push(argv[at]!);
    else if (option[2] !== undefined) options.set(option[1]!, option[2]);
    else options.set(option[1]!, VALUED.has(option[1]!) ? (argv[(at += 1)] ?? '') : '');
  }
  return { verb: argv[start] ?? '', call: { words, options } };
}

/** A word of the call by its option or its place among the words. */
export function wordOf(call: VirshCall, index: number, name: string): string {
  const word = call.options.get(name) ?? call.words[index];
  if (word === undefined) throw new VirshError(`command requires <${name}> option`);
  return word;
}
