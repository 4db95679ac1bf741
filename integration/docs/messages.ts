import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Messages that a page quotes: each quotation is one, with `…` for what differs from case to case. */
export function messagesOf(page: string): readonly string[] {
  return page.split(/\n(?!> )/).flatMap(part => {
    const quoted = part.split('\n').filter(line => line.startsWith('> '));
    return quoted.length === 0 ? [] : [quoted.map(line => line.slice(2).trim()).join(' ')];
  });
}

/** The product's sources, without tests: what users are told stands in them. */
export function sourceTexts(checkout: string): readonly string[] {
  const texts: string[] = [];
  const walk = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (!/\.test\.ts$/.test(name))
        texts.push(readFileSync(path, 'utf8').replaceAll(/\\(['"])/g, '$1'));
    }
  };
  for (const folder of ['src', 'hooks']) walk(join(checkout, folder));
  return texts;
}

/** Whether all parts of a message stand, in order, in one source. */
export function isSaidBy(message: string, sources: readonly string[]): boolean {
  const parts = message
    .split('…')
    .map(part => part.trim())
    .filter(part => /[a-z]{3}/.test(part));
  if (parts.length === 0) return false;
  return sources.some(source => {
    let from = 0;
    return parts.every(part => {
      const at = source.indexOf(part, from);
      from = at + part.length;
      return at >= 0;
    });
  });
}
