/** The tenant's refinement in a VM's notes: the text between the fences, or why there is none that counts. */
export type NotesBlock =
  | { readonly kind: 'none' }
  | { readonly kind: 'block'; readonly text: string }
  | { readonly kind: 'several' };

/** An opening fence of Markdown (CommonMark 4.5): up to 3 blanks, 3 or more marks, a word. */
const OPENING = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/;

/**
 * Finds the fenced block whose word is `pinfold`. As in Markdown a block ends with a fence of the same mark, at least as
 * long, or with the text; what looks like a fence inside another block is part of that one.
 */
export function findNotesBlock(description: string): NotesBlock {
  const found: string[] = [];
  let open: { readonly mark: string; readonly ours: boolean; readonly lines: string[] } | null = null;
  for (const line of description.split(/\r?\n/)) {
    if (open === null) {
      const match = OPENING.exec(line.slice(0, 1000));
      if (match !== null) open = { mark: match[1]!, ours: match[2]!.toLowerCase() === 'pinfold', lines: [] };
    } else if (closes(line, open.mark)) {
      if (open.ours) found.push(open.lines.join('\n'));
      open = null;
    } else open.lines.push(line);
  }
  if (open?.ours === true) found.push(open.lines.join('\n'));
  if (found.length === 0) return { kind: 'none' };
  return found.length === 1 ? { kind: 'block', text: found[0]! } : { kind: 'several' };
}

function closes(line: string, mark: string): boolean {
  const plain = line.trim();
  return plain.startsWith(mark) && plain.replaceAll(mark[0]!, '') === '';
}
