import { markupAt, REFUSED_CHARACTER, type Markup } from './markup-at.ts';
import { hasOnlyCharacterReferences, resolveReferences } from './references.ts';
import type { XmlAttribute, XmlElement } from './xml-element.ts';
import { lineOf, XmlError } from './xml-error.ts';

/** Characters. A domain with a thousand devices stays below 1 MiB. */
export const XML_SIZE_LIMIT = 2 * 1024 * 1024;
/** The deepest chain libvirt itself takes (200 disk snapshots, one element each) and what surrounds it. */
export const XML_DEPTH_LIMIT = 256;

/** An element until its end tag is read, which then gives it its end. */
type OpenElement = { -readonly [Key in keyof Omit<XmlElement, 'children'>]: XmlElement[Key] } & {
  readonly children: XmlElement[];
};

/**
 * Reads one XML document strictly: well formed, exactly one root, no document type, no entities of its own, no
 * more than {@link XML_SIZE_LIMIT} characters and {@link XML_DEPTH_LIMIT} levels. Nothing is converted or
 * trimmed. `subject` starts the sentence of an error, for example "The domain XML".
 *
 * One pass from `<` to `<`, each character looked at a fixed number of times: the text before it goes to the element that is
 * open, then comment, CDATA, instruction, start tag or end tag as {@link markupAt} tells them apart. A reader of our own
 * because loading one costs every VM start more than this one takes to read; the tests hold it against fast-xml-parser.
 *
 * @throws XmlError naming the line in every other case
 */
export function readXml(text: string, subject: string): XmlElement {
  if (text.length > XML_SIZE_LIMIT)
    throw new XmlError(
      `${subject} cannot be read: it has ${text.length} characters, at most ${XML_SIZE_LIMIT} are taken.`,
    );
  if (text.trim() === '') throw new XmlError(`${subject} cannot be read: it is empty.`);
  return new XmlReader(text, subject).read();
}

class XmlReader {
  readonly #text: string;
  readonly #subject: string;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | null = null;

  constructor(text: string, subject: string) {
    this.#text = text;
    this.#subject = subject;
  }

  read(): XmlElement {
    const text = this.#text;
    const forbidden = REFUSED_CHARACTER.exec(text);
    if (forbidden !== null)
      this.#refuse(forbidden.index, 'holds a control character that XML does not allow');
    let done = text.startsWith('\ufeff') ? 1 : 0;
    const first = done;
    for (let at = text.indexOf('<', done); at >= 0; at = text.indexOf('<', done)) {
      this.#takeText(done, at);
      const markup = markupAt(text, at, first);
      if (markup.kind === 'refused') this.#refuse(markup.at, markup.why);
      else this.#take(at, markup);
      done = markup.end;
    }
    this.#takeText(done, text.length);
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined)
      this.#refuse(unclosed.start, `opens <${clip(unclosed.name)}>, which is never closed`);
    if (this.#root === null) throw new XmlError(`${this.#subject} cannot be read: it holds no element.`);
    return this.#root;
  }

  #take(at: number, markup: Markup): void {
    if (markup.kind === 'cdata') this.#takeCdata(at, markup.end);
    else if (markup.kind === 'start') this.#takeStart(at, markup);
    else if (markup.kind === 'end') this.#takeEnd(at, markup);
  }

  #takeText(start: number, end: number): void {
    if (start === end) return;
    const part = this.#text.slice(start, end);
    const stray = part.indexOf(']]>');
    if (stray >= 0) this.#refuse(start + stray, 'closes a CDATA section that is not open');
    this.#checkReferences(part, start);
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.text += resolveReferences(part);
    else if (/[^ \t\r\n]/.test(part))
      this.#refuse(start + part.search(/[^ \t\r\n]/), 'holds text outside the root element');
  }

  #takeCdata(at: number, end: number): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) return this.#refuse(at, 'holds text outside the root element');
    parent.text += this.#text.slice(at + '<![CDATA['.length, end - ']]>'.length);
  }

  #takeStart(at: number, { name, attributes, end, selfClosing }: Extract<Markup, { kind: 'start' }>): void {
    if (this.#root !== null && this.#open.length === 0)
      this.#refuse(at, 'starts a second root element; one document has one root');
    if (this.#open.length >= XML_DEPTH_LIMIT)
      this.#refuse(at, `lies more than ${XML_DEPTH_LIMIT} elements deep; at most that many are taken`);
    this.#checkReferences(this.#text.slice(at, end), at);
    if (attributes.length > 1) this.#refuseTwice(name, attributes);
    // The end of one that its end tag closes is not known yet.
    const element: OpenElement = {
      name,
      attributes,
      children: [],
      text: '',
      start: at,
      openEnd: end,
      closeStart: end,
      end,
      selfClosing,
    };
    if (selfClosing) this.#close(element);
    else this.#open.push(element);
  }

  #refuseTwice(name: string, attributes: readonly XmlAttribute[]): void {
    const seen = new Set<string>();
    for (const attribute of attributes) {
      if (seen.has(attribute.name))
        this.#refuse(attribute.start, `gives <${clip(name)}> the attribute ${clip(attribute.name)} twice`);
      seen.add(attribute.name);
    }
  }

  #takeEnd(at: number, { name, end }: Extract<Markup, { kind: 'end' }>): void {
    const element = this.#open.pop();
    if (element === undefined) return this.#refuse(at, `closes </${clip(name)}>, which is not open`);
    if (element.name !== name)
      this.#refuse(at, `closes </${clip(name)}> where <${clip(element.name)}> is open`);
    element.closeStart = at;
    element.end = end;
    this.#close(element);
  }

  #close(element: XmlElement): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
  }

  #checkReferences(part: string, at: number): void {
    if (!part.includes('&')) return;
    const bare = BARE_AMPERSAND.exec(part);
    if (bare !== null)
      this.#refuse(
        at + bare.index,
        'holds a "&" that starts no reference known to XML; write &amp; or take it out',
      );
    if (!hasOnlyCharacterReferences(part)) this.#refuse(at, 'refers to a character that XML does not allow');
  }

  #refuse(offset: number, what: string): never {
    throw new XmlError(`${this.#subject} cannot be read: line ${lineOf(this.#text, offset)} ${what}.`);
  }
}

const BARE_AMPERSAND = /&(?!(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/;

/** A name for a message; it may be as long as the document. */
function clip(name: string): string {
  return name.length <= 60 ? name : `${name.slice(0, 60)}…`;
}
