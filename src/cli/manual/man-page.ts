import type { Verb } from '../verb.ts';
import { EXIT_MEANINGS } from './exit-codes.ts';
import { optionsOf } from './word-kinds.ts';

/** What the head and foot of the page say. */
export interface ManPageFacts {
  readonly version: string;
  /** As `2026-11-21`. */
  readonly date: string;
}

const FILES: readonly (readonly [path: string, about: string])[] = [
  [
    '/etc/pve/pinfold/policy.yaml',
    "the operator's policy for all nodes of Proxmox VE; nodes/NAME.yaml beside it overrides it key by key",
  ],
  ['/etc/pve/pinfold/profiles.yaml', 'the profiles that tags of VMs name'],
  ['/etc/pinfold/', 'the same where there is no orchestrator'],
  ['/run/pinfold/', 'claims and leases of this boot'],
  ['/usr/share/pinfold/templates/', 'policies, profiles and schemas to begin with'],
];

/** The manual page pinfold(1) in the man macros (groff_man(7)), made of what the verbs say of themselves. */
export function manPage(verbs: Readonly<Record<string, Verb>>, { version, date }: ManPageFacts): string {
  const lines = [
    `.TH PINFOLD 1 "${date}" "pinfold ${version}" "User Commands"`,
    '.SH NAME',
    'pinfold \\- put virtual machines on the right NUMA cells and CPUs',
    '.SH SYNOPSIS',
    '.B pinfold',
    '.I VERB',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    text(
      'Pinfold decides on which NUMA cells, CPUs and memory a virtual machine of Proxmox VE, OpenNebula or plain libvirt runs, and makes it so when the machine starts. The verbs look at a node, say why, and mend.',
    ),
    '.SH VERBS',
    ...Object.entries(verbs).flatMap(([name, verb]) => verbLines(name, verb)),
    '.SH EXIT STATUS',
    ...EXIT_MEANINGS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH ENVIRONMENT',
    ...['.TP', '.B NO_COLOR', text('Not empty: no colours, also on a terminal.')],
    '.SH FILES',
    ...FILES.flatMap(([path, about]) => ['.TP', `.I ${text(path)}`, text(about)]),
    '.SH SEE ALSO',
    '.BR taskset (1),',
    '.BR migratepages (8),',
    '.BR numactl (8),',
    '.BR systemd.resource\\-control (5)',
  ];
  return `${lines.join('\n')}\n`;
}

function verbLines(name: string, verb: Verb): string[] {
  const argument = verb.argument === undefined ? '' : ` " " "\\fI${text(verb.argument.name)}\\fR"`;
  return [
    `.SS pinfold ${name}${argument === '' ? '' : ` ${verb.argument!.name}`}`,
    text(sentence(verb.summary)),
    ...(verb.argument === undefined
      ? []
      : ['.TP', `.I ${text(verb.argument.name)}`, text(verb.argument.describe)]),
    ...optionsOf(verb).flatMap(([option, takesText, describe]) => [
      '.TP',
      takesText ? `.BI \\-\\-${text(option)} " VALUE"` : `.B \\-\\-${text(option)}`,
      text(describe),
    ]),
    ...(verb.examples.length === 0 ? [] : ['.PP', 'Examples:']),
    ...verb.examples.flatMap(([words, meaning]) => [
      '.PP',
      '.RS 4',
      `.B pinfold ${text(words)}`,
      '.RE',
      ...(meaning === '' ? [] : ['.RS 8', text(meaning), '.RE']),
    ]),
  ];
}

/** A text as groff reads it as such: backslashes and dashes escaped, no line that begins as a request. */
function text(words: string): string {
  const escaped = words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('“', '"');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function sentence(words: string): string {
  return `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}
