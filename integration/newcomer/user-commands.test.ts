import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { userCommands } from './user-commands.ts';

const page = (...commands: readonly string[]) =>
  [
    '# P',
    '```',
    'other',
    '```',
    '## From a fresh node to a pinned VM',
    '',
    '```',
    ...commands,
    '```',
    '',
  ].join('\n');

describe('the commands that a newcomer types', () => {
  test("INSTALL.md's begin with the package of this version and end by looking", () => {
    const root = join(__dirname, '../..');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const commands = userCommands(readFileSync(join(root, 'INSTALL.md'), 'utf8'));
    expect(commands[0]).toBe(`apt install ./pinfold_${version}_all.deb`);
    expect(commands.at(-1)).toBe('pinfold status');
    expect(commands.length).toBeLessThanOrEqual(6);
  });

  test('are those of the section, one a line', () => {
    expect(userCommands(page('a b', '', 'c'))).toEqual(['a b', 'c']);
  });

  test('more than six, none, and a page without the section are errors', () => {
    expect(() => userCommands(page('1', '2', '3', '4', '5', '6', '7'))).toThrow('gives 7');
    expect(() => userCommands(page())).toThrow('gives 0');
    expect(() => userCommands('# P\n')).toThrow('no heading');
  });
});
