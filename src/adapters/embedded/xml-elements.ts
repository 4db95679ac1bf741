/** One element of an XML text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

/** An element, or text between elements. */
export type XmlNode = XmlElement | string;

/** A text that is no XML; the message is libvirt's kind of words. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** Markup that a domain may hold, in the order in which it is tried. Doctypes match nothing: they are refused. */
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Reads an XML text into its root element. The stand-in libvirt has this reader of its own on purpose: what the
 * hook writes is then judged by code that the hook does not use.
 */
export function parseXml(text: string): XmlElement {
  const top: XmlNode[] = [];
  const open: { readonly name: string; readonly children: XmlNode[] }[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new XmlError(`XML error: markup not understood at "${text.slice(at, at + 40)}"`);
    const [, cdata, closed, opened, attributes, empty, words] = match;
    const siblings = open.at(-1)?.children ?? top;
    if (words !== undefined) siblings.push(decode(words));
    else if (cdata !== undefined) siblings.push(cdata);
    else if (closed !== undefined) {
      if (open.pop()?.name !== closed) throw new XmlError(`XML error: unexpected </${closed}>`);
    } else if (opened !== undefined) {
      const children: XmlNode[] = [];
      siblings.push({ name: opened, attributes: attributesOf(attributes ?? ''), children });
      if (empty !== '/') open.push({ name: opened, children });
    }
  }
  if (open.length > 0) throw new XmlError(`XML error: <${open.at(-1)!.name}> is not closed`);
  const roots = top.filter(node => typeof node !== 'string');
  if (roots.length !== 1 || top.some(node => typeof node === 'string' && node.trim() !== ''))
    throw new XmlError('XML error: Document needs exactly one root element');
  return roots[0]!;
}

/** The text of an element with all below it, in libvirt's manner: single quotes. */
export function writeXml(node: XmlNode): string {
  if (typeof node === 'string') return encode(node);
  const attributes = Object.entries(node.attributes).map(([name, value]) => ` ${name}='${encode(value)}'`);
  const head = `<${node.name}${attributes.join('')}`;
  if (node.children.length === 0) return `${head}/>`;
  return `${head}>${node.children.map(writeXml).join('')}</${node.name}>`;
}

/** The child elements of this name, in order. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  if (element === undefined) return [];
  return element.children.filter(
    (node): node is XmlElement => typeof node !== 'string' && node.name === name,
  );
}

/** The first element along a path of names, or undefined. */
export function childAt(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let here = element;
  for (const name of path) here = childrenOf(here, name)[0];
  return here;
}

/** The text directly inside an element, trimmed; `""` when there is no such element. */
export function textOf(element: XmlElement | undefined): string {
  return (element?.children ?? [])
    .filter(node => typeof node === 'string')
    .join('')
    .trim();
}

/**
 * The element with the children that match taken out and `next` (if any) in the place of the first, or at the end.
 */
export function withChild(
  element: XmlElement,
  matches: (child: XmlElement) => boolean,
  next: XmlElement | null,
): XmlElement {
  const isOld = (node: XmlNode) => typeof node !== 'string' && matches(node);
  const place = element.children.findIndex(isOld);
  const kept = element.children.filter(node => !isOld(node));
  if (next !== null) kept.splice(place < 0 ? kept.length : place, 0, next);
  return { ...element, children: kept };
}

/** The element with the one at `path` (made when missing) replaced by what `change` makes of it. */
export function withElementAt(
  element: XmlElement,
  path: readonly string[],
  change: (inner: XmlElement) => XmlElement,
): XmlElement {
  const [name, ...rest] = path;
  if (name === undefined) return change(element);
  const inner = childAt(element, name) ?? { name, attributes: {}, children: [] };
  return withChild(element, child => child.name === name, withElementAt(inner, rest, change));
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) {
    if (Object.hasOwn(attributes, name!)) throw new XmlError(`XML error: Attribute ${name} redefined`);
    attributes[name!] = decode(double ?? single ?? '');
  }
  return attributes;
}

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|\w+);?/g, (whole, name: string) => {
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    const character = name.startsWith('#') ? String.fromCodePoint(code) : ENTITIES[name];
    if (character === undefined || !whole.endsWith(';'))
      throw new XmlError(`XML error: Entity '${name}' not defined`);
    return character;
  });
}

function encode(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&apos;');
}
