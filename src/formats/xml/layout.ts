import type { XmlElement } from './xml-element.ts';

/** How a text is laid out, so that what is spliced in looks like its surroundings. */
export interface Layout {
  readonly source: string;
  readonly eol: '\n' | '\r\n';
  /** What one level is indented by. */
  readonly unit: string;
}

/** The layout of a document, as the line of this child of its root shows it. */
export function layoutOf(source: string, root: XmlElement, child: XmlElement): Layout {
  const outer = indentAt(source, root.start) ?? '';
  const inner = indentAt(source, child.start) ?? '';
  const unit = inner.startsWith(outer) ? inner.slice(outer.length) : '';
  const lineEnd = source.slice(0, child.start - inner.length);
  return { source, eol: lineEnd.endsWith('\r\n') ? '\r\n' : '\n', unit: unit === '' ? '  ' : unit };
}

/** The white space between the start of the line and this offset, or null when there is more than white space. */
export function indentAt(source: string, offset: number): string | null {
  let start = offset;
  while (start > 0 && (source[start - 1] === ' ' || source[start - 1] === '\t')) start -= 1;
  return start > 0 && source[start - 1] === '\n' ? source.slice(start, offset) : null;
}

/** Where the white space before this offset starts, not before `from`. */
export function blankStart(source: string, offset: number, from = 0): number {
  let start = offset;
  while (start > from && ' \t\r\n'.includes(source[start - 1]!)) start -= 1;
  return start;
}
