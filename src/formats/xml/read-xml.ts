import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { blankInstructions } from './blank-instructions.ts';
import { resolveReferences } from './references.ts';
import type { XmlAttribute, XmlElement } from './xml-element.ts';
import { lineOf, XmlError } from './xml-error.ts';

/** Characters. A domain with a thousand devices stays below 1 MiB; the most hostile text of this size takes seconds. */
export const XML_SIZE_LIMIT = 2 * 1024 * 1024;
/** The deepest chain libvirt itself takes (200 disk snapshots, one element each) and what surrounds it. */
export const XML_DEPTH_LIMIT = 256;

const TEXT = '#text';
const CDATA = '#cdata';

/**
 * Reads one XML document strictly: well formed, exactly one root, no document type, no entities of its own, no
 * more than {@link XML_SIZE_LIMIT} characters and {@link XML_DEPTH_LIMIT} levels. Nothing is converted or
 * trimmed; a processing instruction inside of text leaves blanks. `subject` starts the sentence of an error, for example "The domain XML".
 *
 * @throws XmlError in every other case
 */
export function readXml(text: string, subject: string): XmlElement {
  if (text.length > XML_SIZE_LIMIT)
    throw new XmlError(
      `${subject} cannot be read: it has ${text.length} characters, at most ${XML_SIZE_LIMIT} are taken.`,
    );
  if (text.trim() === '') throw new XmlError(`${subject} cannot be read: it is empty.`);
  const source = blankInstructions(text, subject);
  validate(source, subject);
  const roots = parse(source, subject).filter(node => elementName(node) !== undefined);
  const root = roots[0];
  if (root === undefined) throw new XmlError(`${subject} cannot be read: it holds no element.`);
  const second = roots[1];
  if (second !== undefined)
    throw new XmlError(
      `${subject} cannot be read: line ${lineOf(source, positionOf(second).startIndex)} starts a second root element; one document has one root.`,
    );
  const { startIndex, endIndex } = positionOf(root);
  if (!isBlank(source.slice(0, startIndex)) || !isBlank(source.slice(endIndex)))
    throw new XmlError(`${subject} cannot be read: there is text outside the root element.`);
  return toElement(root, source);
}

/** A node as fast-xml-parser gives it with preserveOrder: its name leads to its children. */
interface ParsedNode {
  readonly [name: string]: readonly ParsedNode[] | string;
}

function positionOf(node: ParsedNode): { readonly startIndex: number; readonly endIndex: number } {
  return (node as never)[XMLParser.getMetaDataSymbol() as never];
}

function validate(source: string, subject: string): void {
  // Moved to a package of its own by the same author; the one beside the pinned parser does the same.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const verdict = XMLValidator.validate(source);
  if (verdict === true) return;
  const { msg, line } = verdict.err;
  throw new XmlError(`${subject} cannot be read: line ${line}: ${clipped(msg)}.`);
}

function parse(source: string, subject: string): readonly ParsedNode[] {
  const parser = new XMLParser({
    preserveOrder: true,
    captureMetaData: true,
    ignoreAttributes: true,
    processEntities: false,
    parseTagValue: false,
    trimValues: false,
    cdataPropName: CDATA,
    textNodeName: TEXT,
    maxNestedTags: XML_DEPTH_LIMIT,
  });
  try {
    return parser.parse(source) as readonly ParsedNode[];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the parser failed';
    throw new XmlError(`${subject} cannot be read: ${clipped(reason)}.`, error);
  }
}

/** The parser's own words, which may quote half the document. */
function clipped(reason: string): string {
  return reason.length <= 160 ? reason.replace(/\.$/, '') : `${reason.slice(0, 160)}…`;
}

function elementName(node: ParsedNode): string | undefined {
  const [name] = Object.keys(node);
  return name === TEXT || name === CDATA ? undefined : name;
}

function toElement(node: ParsedNode, source: string): XmlElement {
  const { startIndex: start, endIndex: end } = positionOf(node);
  const nodes = node[elementName(node)!] as readonly ParsedNode[];
  const [tag, name] = START_TAG.exec(source.slice(start, end))!;
  const selfClosing = tag.endsWith('/>');
  return {
    name: name!,
    attributes: attributesOf(tag, start),
    children: nodes.filter(child => elementName(child) !== undefined).map(child => toElement(child, source)),
    text: nodes.map(textOf).join(''),
    start,
    openEnd: start + tag.length,
    closeStart: selfClosing ? end : source.lastIndexOf('</', end - 1),
    end,
    selfClosing,
  };
}

const START_TAG = /^<([^\s/>]+)(?:[^>"']|"[^"]*"|'[^']*')*>/;
const ATTRIBUTE = /\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

function attributesOf(tag: string, start: number): readonly XmlAttribute[] {
  return [...tag.matchAll(ATTRIBUTE)].map(match => ({
    name: match[1]!,
    value: resolveReferences((match[2] ?? match[3]!).replace(/\r\n|[\t\r\n]/g, ' ')),
    start: start + match.index + 1,
    end: start + match.index + match[0].length,
  }));
}

function textOf(node: ParsedNode): string {
  if (TEXT in node) return resolveReferences(node[TEXT] as string);
  if (!(CDATA in node)) return '';
  return (node[CDATA] as readonly ParsedNode[]).map(part => part[TEXT] as string).join('');
}

/** Whether there is nothing but white space and comments. */
function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text.replace(/<!--[\s\S]*?-->/g, ''));
}
