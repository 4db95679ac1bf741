import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { applyEdits } from './edits.ts';
import { readXml, XML_DEPTH_LIMIT, XML_SIZE_LIMIT } from './read-xml.ts';
import { escapeXml } from './references.ts';
import { attributeOf, childNamed, elementsAt, type XmlElement } from './xml-element.ts';
import { XmlError } from './xml-error.ts';

const read = (text: string) => readXml(text, 'The test text');

/** Every element's slice of the text starts and ends as an element of its name must. */
function checkOffsets(element: XmlElement, text: string): void {
  const slice = text.slice(element.start, element.end);
  expect(slice.startsWith(`<${element.name}`)).toBe(true);
  expect(slice.endsWith(element.selfClosing ? '/>' : '>')).toBe(true);
  expect(text[element.openEnd - 1]).toBe('>');
  if (element.selfClosing) expect(element.closeStart).toBe(element.end);
  else expect(text.slice(element.closeStart, element.end)).toMatch(new RegExp(`^</${element.name}\\s*>$`));
  for (const attribute of element.attributes) {
    const written = text.slice(attribute.start, attribute.end);
    expect(written.startsWith(attribute.name)).toBe(true);
    expect(written).toMatch(/["']$/);
  }
  for (const child of element.children) checkOffsets(child, text);
}

/** An element without its places: name, attributes, text, children. */
type Shape = readonly [string, Readonly<Record<string, string>>, string, readonly Shape[]];

function shapeOf({ name, attributes, text, children }: XmlElement): Shape {
  return [name, Object.fromEntries(attributes.map(a => [a.name, a.value])), text, children.map(shapeOf)];
}

type ParsedNode = Readonly<Record<string, readonly ParsedNode[] | string>>;

function shapeByParser(document: string): Shape {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    htmlEntities: true,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    ignorePiTags: true,
    cdataPropName: '#cdata',
    ignoreDeclaration: true,
  });
  return shapeOfNode((parser.parse(document) as readonly ParsedNode[])[0]!);
}

function shapeOfNode(node: ParsedNode): Shape {
  const name = Object.keys(node).find(key => key !== ':@')!;
  const nodes = node[name] as readonly ParsedNode[];
  const textOf = (part: ParsedNode): string => {
    if (part['#cdata'] !== undefined) return (part['#cdata'] as readonly ParsedNode[]).map(textOf).join('');
    return typeof part['#text'] === 'string' ? part['#text'] : '';
  };
  const elements = nodes.filter(part => part['#text'] === undefined && part['#cdata'] === undefined);
  return [
    name,
    (node[':@'] ?? {}) as unknown as Readonly<Record<string, string>>,
    nodes.map(textOf).join(''),
    elements.map(shapeOfNode),
  ];
}

describe('the XML reader', () => {
  test('gives every element and attribute with its place in the text', () => {
    const text = `<?xml version='1.0'?>\n<a x = "1>2" y='&lt;&#x41;'>\n  <b:c/>\r\n  <d >t</d >\n</a>\n<!-- end -->\n`;
    const root = read(text);
    checkOffsets(root, text);
    expect(root.attributes.map(({ name, value }) => [name, value])).toEqual([
      ['x', '1>2'],
      ['y', '<A'],
    ]);
    expect(root.children.map(child => child.name)).toEqual(['b:c', 'd']);
    expect(childNamed(root, 'd')?.text).toBe('t');
  });

  test('keeps offsets right behind a byte order mark, CRLF, comments and quotes in instructions', () => {
    const text = `\ufeff<?xml version="1.0"?>\r\n<?note don't?>\r\n<!-- <a> isn't -->\r\n<a>\r\n<!-- <b/> -->\r\n<b k='v'/>\r\n</a>`;
    const root = read(text);
    checkOffsets(root, text);
    const b = childNamed(root, 'b')!;
    expect(text.slice(b.start, b.end)).toBe("<b k='v'/>");
    expect(root.children).toHaveLength(1);
  });

  test('takes CDATA as it stands and resolves references only outside of it', () => {
    const root = read('<a><b><![CDATA[2 < 3 &amp; <c>]]></b><d>x &amp; &#233;</d></a>');
    expect(childNamed(root, 'b')?.text).toBe('2 < 3 &amp; <c>');
    expect(childNamed(root, 'b')?.children).toEqual([]);
    expect(childNamed(root, 'd')?.text).toBe('x & é');
  });

  test('converts and trims nothing', () => {
    const root = read("<a v='0012'> 007.10 <b>0x1f</b></a>");
    expect(root.text).toBe(' 007.10 ');
    expect(attributeOf(root, 'v')).toBe('0012');
    expect(elementsAt(root, 'b')[0]?.text).toBe('0x1f');
  });

  test.each([
    ['', 'it is empty'],
    ['  \n', 'it is empty'],
    ['plain', 'line 1 holds text outside the root element'],
    ['<!-- nothing -->', 'it holds no element'],
    ['x<a/>', 'outside the root'],
    ['<a/>x', 'outside the root'],
    ['<a></a>x', 'outside the root'],
    ['<![CDATA[x]]><a/>', 'outside the root'],
    ['<a/><b/>', 'second root'],
    ['<a></a><b></b>', 'second root'],
    ['<a></a>\n<b/>', 'line 2 starts a second root'],
    ['<a><b></a>', 'closes </a> where <b> is open'],
    ['<a>\n<b>', 'line 2 opens <b>, which is never closed'],
    ['</a>', 'closes </a>, which is not open'],
    ['</a b="c">', 'starts no complete tag'],
    ['<a b=c/>', 'quoted attributes'],
    ['<a b/>', 'quoted attributes'],
    ["<a b='1'c='2'/>", 'quoted attributes'],
    ["<a b='1' b='2'/>", 'attribute b twice'],
    ["<a b='<'/>", 'quoted attributes'],
    ["<a b='x/>", 'quoted attributes'],
    ['<a>1 < 2</a>', 'starts no complete tag'],
    ['<a>&nbsp;</a>', '&amp;'],
    ["<a b='&x;'/>", '&amp;'],
    ['<a>&#0;</a>', 'does not allow'],
    ['<a>&#xd800;</a>', 'does not allow'],
    ['<a>&#x110000;</a>', 'does not allow'],
    ['<a>\u0001</a>', 'control character'],
    ['<a><!-- x</a>', 'comment that is never closed'],
    ['<a><!-- x -- y --></a>', 'holds "--"'],
    ['<a><![CDATA[x</a>', 'CDATA section that is never closed'],
    ['<a>]]></a>', 'not open'],
    ['<a><?x</a>', 'processing instruction that is never closed'],
    ['<!DOCTYPE a><a/>', 'document type'],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'document type'],
    ['<a><!ENTITY b "c"></a>', 'document type'],
    ['<a/><?xml version="1.0"?>', 'belongs to the start'],
    ['<a><!-- x ---></a>', 'holds "--"'],
  ])('refuses %j', (text, reason) => {
    expect(() => read(text)).toThrow(XmlError);
    expect(() => read(text)).toThrow(reason);
    expect(() => read(text)).toThrow(/^The test text cannot be read: .*\.$/);
  });

  test('leaves the words DOCTYPE and ENTITY alone in comments, CDATA and attributes', () => {
    expect(read("<a b='!DOCTYPE'><!-- <!DOCTYPE x> --><![CDATA[<!ENTITY x>]]></a>").text).toBe('<!ENTITY x>');
  });

  test('refuses what is too long or too deep', () => {
    expect(() => read(`<a>${' '.repeat(XML_SIZE_LIMIT)}</a>`)).toThrow('at most');
    const deep = (levels: number) => '<a>'.repeat(levels) + '</a>'.repeat(levels);
    expect(() => read(deep(XML_DEPTH_LIMIT + 1))).toThrow('more than 256 elements deep');
    expect(read(deep(XML_DEPTH_LIMIT)).name).toBe('a');
  });

  test('finds the right offsets in any tree written with any white space', () => {
    const name = fc.constantFrom('a', 'b-c', 'x:y', '_z.1', 'é');
    const blank = fc.constantFrom('', ' ', '\n', '\r\n\t', '<!-- <q> -->', '<?p d"?>', '\r');
    const value = fc.string({ unit: 'grapheme', maxLength: 6 }).map(escapeXml);
    const leaf = name.map(tag => `<${tag} k='v'/>`);
    const { tree } = fc.letrec<{ tree: string }>(tie => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc
          .tuple(name, blank, value, fc.array(tie('tree'), { maxLength: 3 }))
          .map(
            ([tag, gap, text, children]) =>
              `<${tag} k="${text}">${gap}${children.join(gap)}${text}</${tag} >`,
          ),
      ),
    }));
    fc.assert(
      fc.property(tree, text => {
        checkOffsets(read(text), text);
      }),
    );
  });

  test('reads what fast-xml-parser reads in any tree', () => {
    const name = fc.constantFrom('a', 'b-c', 'x:y', '_z.1', 'é');
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).map(escapeXml);
    const piece = fc.oneof(
      text,
      fc.constantFrom('<!-- <q> -->', '<![CDATA[1 < 2 &amp;]]>', '<?p d?>', '&#233;'),
    );
    const attributes = fc
      .uniqueArray(fc.tuple(name, text), { maxLength: 3, selector: ([key]) => key })
      .map(pairs => pairs.map(([key, value]) => ` ${key}="${value}"`).join(''));
    const { tree } = fc.letrec<{ tree: string }>(tie => ({
      tree: fc
        .tuple(
          name,
          attributes,
          fc.array(fc.oneof({ depthSize: 'small' }, piece, tie('tree')), { maxLength: 4 }),
        )
        .map(([tag, given, inner]) => `<${tag}${given}>${inner.join('')}</${tag}>`),
    }));
    fc.assert(
      fc.property(tree, document => {
        expect(shapeOf(read(document))).toEqual(shapeByParser(document));
      }),
    );
  });

  test('answers any garbage with a tree or its one error', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '/',
        '<a>',
        '</a>',
        '<a/>',
        '"',
        "'",
        '&',
        '&amp;',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
      ),
      fc.constantFrom('<?', '?>', '<!', '=', ' ', '\n', "b='c'", '\ufeff', '<hasOwnProperty>', '__proto__'),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
        try {
          const text = pieces.join('');
          checkOffsets(read(text), text);
        } catch (error) {
          if (!(error instanceof XmlError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('edits', () => {
  test('replace, remove and insert in the order of the text', () => {
    const edits = [
      { start: 4, end: 5, text: '' },
      { start: 2, end: 2, text: 'x' },
      { start: 2, end: 2, text: 'y' },
      { start: 0, end: 1, text: 'A' },
    ];
    expect(applyEdits('abcdef', edits)).toBe('Abxycdf');
  });
});
