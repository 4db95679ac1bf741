import { blocksOf } from '../docs/parse-page.ts';

/** The heading of INSTALL.md under which the commands stand. */
const HEADING = '## From a fresh node to a pinned VM';
/** What the page promises. */
const MOST = 6;

/**
 * The commands that INSTALL.md gives a newcomer, one a line, in order. Throws an Error when the section or its block is
 * missing, or holds more than six.
 */
export function userCommands(page: string): readonly string[] {
  const from = page.indexOf(`${HEADING}\n`);
  if (from < 0) throw new Error(`INSTALL.md has no heading "${HEADING}".`);
  const section = page.slice(from + HEADING.length).split('\n## ')[0]!;
  const commands = blocksOf(section)[0]?.lines.filter(line => line.trim() !== '') ?? [];
  if (commands.length === 0 || commands.length > MOST)
    throw new Error(`INSTALL.md must give one to ${MOST} commands, and gives ${commands.length}.`);
  return commands;
}
