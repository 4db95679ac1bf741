/** An element and where it stands in its source text; offsets count UTF-16 units, ends are exclusive. */
export interface XmlElement {
  /** As written, prefix included. */
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** The element's own text and CDATA, references resolved; that of its children left out. */
  readonly text: string;
  /** Where its `<` stands. */
  readonly start: number;
  /** Behind the `>` of its start tag. */
  readonly openEnd: number;
  /** Where its end tag starts; of an element without one (`<a/>`) the same as `end`. */
  readonly closeStart: number;
  readonly end: number;
  /** Written as `<a/>`. */
  readonly selfClosing: boolean;
}

/** An attribute and where it stands. */
export interface XmlAttribute {
  /** As written, prefix included. */
  readonly name: string;
  /** References resolved, tabs and line ends as blanks. */
  readonly value: string;
  /** The first character of its name. */
  readonly start: number;
  /** Behind its closing quote. */
  readonly end: number;
}

/** The children of this name, in order. */
export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter(child => child.name === name);
}

/** The first child of this name, or undefined. */
export function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find(child => child.name === name);
}

/** The children that this chain of names leads to, through every element on the way. */
export function elementsAt(element: XmlElement, ...names: readonly string[]): readonly XmlElement[] {
  return names.reduce<readonly XmlElement[]>(
    (found, name) => found.flatMap(parent => childrenNamed(parent, name)),
    [element],
  );
}

/** An attribute's value, or undefined. */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.find(attribute => attribute.name === name)?.value;
}
