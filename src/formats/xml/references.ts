const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** A reference that XML itself knows; everything else behind `&` needs a declaration, and those are refused. */
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/g;

/** Resolves the five named and the numeric references; the text is known to hold no others. */
export function resolveReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name]!;
    return String.fromCodePoint(
      decimal === undefined ? Number.parseInt(hex!, 16) : Number.parseInt(decimal, 10),
    );
  });
}

/** Whether every numeric reference of the text names a character that XML allows. */
export function hasOnlyCharacterReferences(text: string): boolean {
  for (const [, , decimal, hex] of text.matchAll(REFERENCE)) {
    const digits = decimal ?? hex;
    if (digits !== undefined && !isCharacter(Number.parseInt(digits, decimal === undefined ? 16 : 10)))
      return false;
  }
  return true;
}

/** XML 1.0, production 2 (Char). */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/** The text as character data or as the value of an attribute in either quotes. */
export function escapeXml(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '<': '&lt;',
    '>': '&gt;',
    '&': '&amp;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replace(/[<>&"']/g, character => escapes[character]!);
}
