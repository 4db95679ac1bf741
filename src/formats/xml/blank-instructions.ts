import { hasOnlyCharacterReferences } from './references.ts';
import { lineOf, XmlError } from './xml-error.ts';

const NAME = String.raw`[A-Za-z_:\u0080-\uffff][\w:.\u0080-\uffff-]*`;
const TAG = new RegExp(`</?${NAME}(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*\\s*/?>`, 'y');
const BARE_AMPERSAND = /&(?!(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/;
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/**
 * Refuses what fast-xml-parser lets through or gets wrong, and returns the text with processing instructions
 * (whose quotes mislead that parser) and a byte order mark blanked, every offset kept. Each character is looked at a fixed number of
 * times, so a hostile text costs no more than a long one.
 *
 * 1. No control character that XML forbids.
 * 2. Every piece of markup is complete: comment, CDATA, instruction, tag with quoted attributes.
 * 3. No `<!` of any other kind: no document type, hence no entity of anyone's own.
 * 4. `&` starts one of the five named references or a numeric one that names a character.
 *
 * @throws XmlError naming the line
 */
export function blankInstructions(text: string, subject: string): string {
  const refuse = (offset: number, what: string): never => {
    throw new XmlError(`${subject} cannot be read: line ${lineOf(text, offset)} ${what}.`);
  };
  const forbidden = FORBIDDEN.exec(text);
  if (forbidden !== null) refuse(forbidden.index, 'holds a control character that XML does not allow');
  const parts: string[] = [];
  let done = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', done)) {
    checkText(text.slice(done, at), done, refuse);
    const markup = markupAt(text, at, refuse);
    parts.push(
      text.slice(done, at),
      markup.blank ? blanks(text.slice(at, markup.end)) : text.slice(at, markup.end),
    );
    done = markup.end;
  }
  checkText(text.slice(done), done, refuse);
  parts.push(text.slice(done));
  const blanked = parts.join('');
  return blanked.startsWith('\ufeff') ? ` ${blanked.slice(1)}` : blanked;
}

type Refuse = (offset: number, what: string) => never;

/** Where the markup that starts here ends, and whether it is to be blanked. */
function markupAt(
  text: string,
  at: number,
  refuse: Refuse,
): { readonly end: number; readonly blank: boolean } {
  const closed = (by: string, from: number, what: string): number => {
    const end = text.indexOf(by, from);
    return end < 0 ? refuse(at, `opens ${what} that is never closed`) : end + by.length;
  };
  if (text.startsWith('<!--', at)) {
    const end = closed('-->', at + 4, 'a comment');
    if (text.slice(at + 4, end - 3).includes('--')) refuse(at, 'opens a comment that holds "--"');
    return { end, blank: false };
  }
  if (text.startsWith('<![CDATA[', at))
    return { end: closed(']]>', at + 9, 'a CDATA section'), blank: false };
  if (text.startsWith('<?', at))
    return { end: closed('?>', at + 2, 'a processing instruction'), blank: true };
  if (text.startsWith('<!', at))
    refuse(at, 'declares a document type or an entity, which are refused; take the declaration out');
  TAG.lastIndex = at;
  const tag = TAG.exec(text);
  if (tag === null) return refuse(at, 'holds a "<" that starts no complete tag with quoted attributes');
  checkReferences(tag[0], at, refuse);
  return { end: at + tag[0].length, blank: false };
}

function checkText(text: string, at: number, refuse: Refuse): void {
  const end = text.indexOf(']]>');
  if (end >= 0) refuse(at + end, 'closes a CDATA section that is not open');
  checkReferences(text, at, refuse);
}

function checkReferences(text: string, at: number, refuse: Refuse): void {
  if (!text.includes('&')) return;
  const bare = BARE_AMPERSAND.exec(text);
  if (bare !== null)
    refuse(at + bare.index, 'holds a "&" that starts no reference known to XML; write &amp; or take it out');
  if (!hasOnlyCharacterReferences(text)) refuse(at, 'refers to a character that XML does not allow');
}

/** Blanks of the same length, line ends kept. */
function blanks(text: string): string {
  return text.replace(/[^\r\n]/g, ' ');
}
