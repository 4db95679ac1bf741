import { integer } from './der.ts';

test('a whole number is written in the only way that DER allows, however its bytes begin', () => {
  expect(integer(Buffer.of(2)).toString('hex')).toBe('020102');
  expect(integer(Buffer.of(0x80)).toString('hex')).toBe('02020080');
  expect(integer(Buffer.of(0, 0, 0x7f, 1)).toString('hex')).toBe('02027f01');
  expect(integer(Buffer.of(0, 0xff)).toString('hex')).toBe('020200ff');
  expect(integer(Buffer.of(0)).toString('hex')).toBe('020100');
});
