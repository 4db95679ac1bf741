/** The few forms of DER (X.690) that an X.509 certificate is made of. Each answers the bytes of one value. */

/** A value of this tag; its parts are joined. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => der(0x31, ...parts);
export const utf8Text = (text: string): Buffer => der(0x0c, Buffer.from(text));
export const bitString = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes);
export const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
export const yes = (): Buffer => der(0x01, Buffer.of(0xff));

/** A whole number that is not negative, from its big-endian bytes; written without zeros that say nothing, as DER wants it. */
export function integer(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte, at) => byte !== 0 || at === bytes.length - 1);
  const digits = bytes.subarray(start);
  return der(0x02, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

/** An object identifier such as `2.5.4.3`. */
export function identifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap(arc => {
    const digits = [arc & 127];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 127) | 128);
    return digits;
  });
  return der(0x06, Buffer.from([first! * 40 + second!, ...bytes]));
}

/** A time to the second, with four digits for the year. */
export function generalizedTime(time: Date): Buffer {
  const text = time
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return der(0x18, Buffer.from(text));
}
