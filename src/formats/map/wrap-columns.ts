import { columnsOfCharacter } from './visible-name.ts';

/** A text on lines of at most `width` columns, cut between any two characters. */
export function wrapAnywhere(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const character of text) {
    const columns = columnsOfCharacter(character);
    if (used + columns > width && line !== '') {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += character;
    used += columns;
  }
  return line === '' ? lines : [...lines, line];
}

/** A list of CPUs on lines of at most `width` columns, cut behind commas and blanks; a longer part has its own line. */
export function wrapList(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of text.split(/(?<=[, ])/)) {
    if (line !== '' && line.length + part.trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = part;
    } else line += part;
  }
  return line === '' ? lines : [...lines, line.trimEnd()];
}
