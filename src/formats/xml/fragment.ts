import { escapeXml } from './references.ts';
import type { Layout } from './layout.ts';

/** An element that is to be written. */
export interface Fragment {
  readonly name: string;
  /** In this order; an undefined one is left out. */
  readonly attributes?: Readonly<Record<string, string | number | undefined>>;
  /** Attributes and content taken over from a text as they stand there. */
  readonly kept?: { readonly attributes: readonly string[]; readonly content: string };
  readonly children?: readonly Fragment[];
}

/** The element's text; `indent` is that of its own line, null writes everything into one line. */
export function renderFragment(fragment: Fragment, indent: string | null, layout: Layout): string {
  const { name, attributes = {}, kept, children = [] } = fragment;
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}='${escapeXml(String(value))}'`],
  );
  const tag = [name, ...written, ...(kept?.attributes ?? [])].join(' ');
  const content =
    (kept?.content ?? '') + renderLines(children, indent === null ? null : indent + layout.unit, layout);
  if (content === '') return `<${tag}/>`;
  return `<${tag}>${content}${children.length > 0 ? lineStart(indent, layout) : ''}</${name}>`;
}

/** The elements, each on a line of its own with this indentation, without a line end behind the last. */
export function renderLines(fragments: readonly Fragment[], indent: string | null, layout: Layout): string {
  return fragments.map(part => lineStart(indent, layout) + renderFragment(part, indent, layout)).join('');
}

/** A new line with this indentation, or nothing where everything stands in one line. */
export function lineStart(indent: string | null, layout: Layout): string {
  return indent === null ? '' : layout.eol + indent;
}
