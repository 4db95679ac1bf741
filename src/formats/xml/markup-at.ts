import { resolveReferences } from './references.ts';
import type { XmlAttribute } from './xml-element.ts';

/** One piece of markup; `end` is the offset behind it. */
export type Markup =
  | { readonly kind: 'comment' | 'instruction' | 'cdata'; readonly end: number }
  | {
      readonly kind: 'start';
      readonly end: number;
      readonly name: string;
      readonly attributes: readonly XmlAttribute[];
      /** Written as `<a/>`. */
      readonly selfClosing: boolean;
    }
  | { readonly kind: 'end'; readonly end: number; readonly name: string };

/** Markup that is not taken: where, and the rest of a sentence that starts with the line. */
export interface RefusedMarkup {
  readonly kind: 'refused';
  readonly at: number;
  readonly end: number;
  readonly why: string;
}

/** What no XML document may hold anywhere (XML 1.0, production 2). */
export const REFUSED_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

const NAME = String.raw`[A-Za-z_:\u0080-\uffff][\w:.\u0080-\uffff-]*`;
const ATTRIBUTES = `(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*`;
const START_TAG = new RegExp(`<(${NAME})(${ATTRIBUTES})\\s*(/?)>`, 'y');
const END_TAG = new RegExp(`</(${NAME})\\s*>`, 'y');
const ATTRIBUTE = /\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads the markup that starts at this `<`. Refused: what is never closed, `--` in a comment, a declaration of the
 * document behind its start (`first`), every `<!` of another kind (document types, and so everybody's own entities), and a
 * `<` that starts no complete tag whose attributes are quoted.
 */
export function markupAt(text: string, at: number, first: number): Markup | RefusedMarkup {
  const refused = (why: string): RefusedMarkup => ({ kind: 'refused', at, end: at, why });
  const next = text[at + 1];
  if (next === '/') {
    END_TAG.lastIndex = at;
    const tag = END_TAG.exec(text);
    return tag === null ? refused(NO_TAG) : { kind: 'end', end: END_TAG.lastIndex, name: tag[1]! };
  }
  if (next !== '!' && next !== '?') return startTagAt(text, at) ?? refused(NO_TAG);
  const isDeclaration = /^<\?xml\s/i.test(text.slice(at, at + 6));
  if (isDeclaration && at !== first)
    return refused('holds an XML declaration, which belongs to the start of a document');
  const kind = BRACKETS.find(({ opens }) => text.startsWith(opens, at));
  if (kind === undefined)
    return refused('declares a document type or an entity, which are refused; take the declaration out');
  const inside = at + kind.opens.length;
  const end = text.indexOf(kind.closes, inside);
  if (end < 0) return refused(`opens ${kind.what} that is never closed`);
  if (kind.kind === 'comment' && text.slice(inside, end + 1).includes('--'))
    return refused('opens a comment that holds "--"');
  return { kind: kind.kind, end: end + kind.closes.length };
}

const NO_TAG = 'holds a "<" that starts no complete tag with quoted attributes';

const BRACKETS = [
  { kind: 'comment', opens: '<!--', closes: '-->', what: 'a comment' },
  { kind: 'cdata', opens: '<![CDATA[', closes: ']]>', what: 'a CDATA section' },
  { kind: 'instruction', opens: '<?', closes: '?>', what: 'a processing instruction' },
] as const;

function startTagAt(text: string, at: number): Markup | null {
  START_TAG.lastIndex = at;
  const tag = START_TAG.exec(text);
  if (tag === null) return null;
  const [, name, attributes, slash] = tag;
  return {
    kind: 'start',
    end: START_TAG.lastIndex,
    name: name!,
    attributes: attributes === '' ? [] : attributesOf(attributes!, at + 1 + name!.length),
    selfClosing: slash === '/',
  };
}

function attributesOf(written: string, start: number): readonly XmlAttribute[] {
  return [...written.matchAll(ATTRIBUTE)].map(match => ({
    name: match[1]!,
    value: resolveReferences((match[2] ?? match[3]!).replace(/\r\n|[\t\r\n]/g, ' ')),
    start: start + match.index + 1,
    end: start + match.index + match[0].length,
  }));
}
