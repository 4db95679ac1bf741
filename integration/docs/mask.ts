/** What differs from run to run and is not compared. */
export const VOLATILE: readonly {
  readonly name: string;
  readonly pattern: RegExp;
  readonly mask: string;
}[] = [
  { name: 'milliseconds, with the blanks that align them', pattern: / *\b\d+ ms\b/g, mask: ' N ms' },
  { name: 'how long a change took', pattern: /\bin \d+\.\d s\b/g, mask: 'in N s' },
  { name: 'a moment', pattern: /\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, mask: 'MOMENT' },
  { name: 'a process', pattern: /\b(pid|process) \d+\b/g, mask: '$1 N' },
  { name: 'a temporary folder', pattern: /\/tmp\/[\w./-]+/g, mask: '/tmp/X' },
  { name: 'the version of Node', pattern: /\bv\d+\.\d+\.\d+\b/g, mask: 'vN' },
];

/** A line without what differs from run to run. */
export function masked(line: string): string {
  return VOLATILE.reduce((text, { pattern, mask }) => text.replace(pattern, mask), line);
}
