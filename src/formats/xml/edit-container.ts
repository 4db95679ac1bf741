import type { Edit } from './edits.ts';
import { type Fragment, lineStart, renderLines } from './fragment.ts';
import { blankStart, indentAt, type Layout } from './layout.ts';
import type { XmlElement } from './xml-element.ts';

/** What becomes of a container's children. */
export interface ContainerChange {
  /** Children that go; they need not stand together. */
  readonly remove: readonly XmlElement[];
  /** What comes in the place of the first that goes, else at the end. */
  readonly put: readonly Fragment[];
  /** What comes at the end. */
  readonly append?: readonly Fragment[];
}

/**
 * The edits that change these children and leave everything else in the container byte for byte. Doing it again
 * on the result gives the result, because what was put in is found and replaced where it stands.
 *
 * 1. Each child that goes takes the white space before it along.
 * 2. The new ones stand on lines of their own, one level deeper than the container, if that starts a line.
 * 3. A container from which children went and in which nothing is left goes too.
 */
export function editContainer(container: XmlElement, change: ContainerChange, layout: Layout): Edit[] {
  const { remove, put, append = [] } = change;
  if (remove.length + put.length + append.length === 0) return [];
  if (container.selfClosing) return [openUp(container, [...append, ...put], layout)];
  if (put.length + append.length === 0 && isEmptyWithout(container, remove, layout.source))
    return [removeElement(container, layout.source)];
  const indent = indentAt(layout.source, container.start);
  const inner = indent === null ? null : indent + layout.unit;
  const placed = renderLines(put, inner, layout);
  const removals = remove.map((child, index) => ({
    start: blankStart(layout.source, child.start, container.openEnd),
    end: child.end,
    text: index === 0 ? placed : '',
  }));
  const tail = blankStart(layout.source, container.closeStart, container.openEnd);
  const atEnd = renderLines(append, inner, layout) + (remove.length === 0 ? placed : '');
  const needsLine =
    indent !== null &&
    put.length + append.length > 0 &&
    !layout.source.slice(tail, container.closeStart).includes('\n');
  const end = needsLine ? lineStart(indent, layout) : '';
  return [...removals, { start: tail, end: needsLine ? container.closeStart : tail, text: atEnd + end }];
}

/** The edit that takes an element out, and the white space before it. */
function removeElement(element: XmlElement, source: string): Edit {
  return { start: blankStart(source, element.start), end: element.end, text: '' };
}

/** The edit that puts an element behind another one, on a line of its own if that one starts a line. */
export function insertAfter(anchor: XmlElement, fragment: Fragment, layout: Layout): Edit {
  const indent = indentAt(layout.source, anchor.start);
  return { start: anchor.end, end: anchor.end, text: renderLines([fragment], indent, layout) };
}

/** `<a b='c'/>` becomes `<a b='c'>…</a>`. */
function openUp(container: XmlElement, children: readonly Fragment[], layout: Layout): Edit {
  const indent = indentAt(layout.source, container.start);
  const lines = renderLines(children, indent === null ? null : indent + layout.unit, layout);
  return {
    start: blankStart(layout.source, container.end - 2),
    end: container.end,
    text: `>${lines}${lineStart(indent, layout)}</${container.name}>`,
  };
}

function isEmptyWithout(container: XmlElement, removed: readonly XmlElement[], source: string): boolean {
  let rest = '';
  let done = container.openEnd;
  for (const child of removed) {
    rest += source.slice(done, child.start);
    done = child.end;
  }
  return (rest + source.slice(done, container.closeStart)).trim() === '';
}
