/**
 * A random UUID (version 4), as libvirt gives a domain without one. Not from node:crypto, whose loading costs a hook in a
 * tree more than all the rest of the launch; a stand-in's domain needs no secret.
 */
export function newUuid(): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = '89ab'[Math.floor(Math.random() * 4)]!;
  const text = hex.join('');
  return [0, 8, 12, 16, 20].map((from, at) => text.slice(from, [8, 12, 16, 20, 32][at])).join('-');
}
