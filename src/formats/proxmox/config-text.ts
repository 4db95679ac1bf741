/**
 * White space as the node's parser sees it: Perl's `\s` on a text of bytes knows these six characters alone (a
 * no-break space or a byte order mark is none).
 */
export function isBlank(character: string): boolean {
  return ' \t\n\r\f\v'.includes(character);
}

/** The text without the white space at its end; linear, whatever the text. */
export function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

/** The text without the white space at its beginning. */
export function withoutStart(text: string): string {
  let start = 0;
  while (start < text.length && isBlank(text[start]!)) start += 1;
  return text.slice(start);
}

/**
 * One line of a description as it stands behind `#`: `%XX` are bytes, and all bytes together are UTF-8 (pve-common,
 * `PVE::Tools::decode_text`). A `%` without two hexadecimal digits stands for itself.
 */
export function decodeText(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = new TextEncoder().encode(text);
  const decoded: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const value = bytes[at] === PERCENT ? hexByte(bytes[at + 1], bytes[at + 2]) : null;
    decoded.push(value ?? bytes[at]!);
    if (value !== null) at += 2;
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(decoded));
}

/** The other way: control characters, `%`, `:` and everything beyond ASCII become `%XX` (`encode_text`). */
export function encodeText(text: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== PERCENT && byte !== COLON;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

const PERCENT = 0x25;
const COLON = 0x3a;

function hexByte(high: number | undefined, low: number | undefined): number | null {
  const digits = [high, low].map(code =>
    code === undefined ? NaN : parseInt(String.fromCharCode(code), 16),
  );
  return digits.some(Number.isNaN) ? null : digits[0]! * 16 + digits[1]!;
}
