/** Puts other host cells into the numaN lines of a config's main section; everything else stays byte for byte. */
export function rewriteHostCells(
  text: string,
  cells: readonly { readonly guestCell: number; readonly hostCell: number }[],
): string {
  const end = text.search(/^\[/m);
  const main = end < 0 ? text : text.slice(0, end);
  const hostOf = new Map(cells.map(({ guestCell, hostCell }) => [String(guestCell), hostCell]));
  return `${main.replace(/^numa(\d+):.*$/gm, (line, number: string) => {
    const host = hostOf.get(number);
    return host === undefined ? line : line.replace(/hostnodes=[\d;-]+/, `hostnodes=${host}`);
  })}${text.slice(main.length)}`;
}
