/** How wide the terminal is. */
export const COLUMNS = 80;

/**
 * What somebody reads in a terminal after this was written to it: colours are gone, a line that was overwritten (progress
 * of apt and dpkg) shows its last form, what was drawn elsewhere between "save cursor" and "restore cursor" is left out.
 */
export function terminalText(written: string): string {
  return written
    .replace(/\x1b7[^]*?\x1b8/g, '')
    .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, '')
    .replace(/\x1b\[[0-9;?]*[A-JL-Za-z]/g, '')
    .replace(/\x1b[()][A-Z0-9]|\x1b[=>78M]/g, '')
    .split('\n')
    .map(lastForm)
    .join('\n');
}

/**
 * A line as it stands when carriage returns and "erase to the end of the line" were obeyed; where it was longer than the
 * terminal is wide, the rows that it took are put together again.
 */
function lastForm(line: string): string {
  const rows = [''];
  let column = 0;
  for (const piece of line.split(/(\r|\x08|\x1b\[[012]?K)/)) {
    const row = rows.at(-1)!;
    if (piece === '\r') column = 0;
    else if (piece === '\x08') column = Math.max(0, column - 1);
    else if (piece.startsWith('\x1b['))
      rows[rows.length - 1] = piece === '\x1b[2K' ? '' : row.slice(0, column);
    else
      for (const character of piece) {
        // A terminal goes to the next row only when there is something to write there.
        if (column === COLUMNS) {
          rows.push('');
          column = 0;
        }
        const shown = rows.at(-1)!.padEnd(column);
        rows[rows.length - 1] = shown.slice(0, column) + character + shown.slice(column + 1);
        column += 1;
      }
  }
  return rows.join('').trimEnd();
}
