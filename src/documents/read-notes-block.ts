import { parseWith } from './parse-with.ts';
import { readYaml } from './read-yaml.ts';
import { optionsSchema } from './request-schema.ts';

/**
 * The image properties in a tenant's block of YAML: names and texts, nothing else; numbers and truths are taken as the
 * texts that they are. Throws an AppError that names the key and the line.
 */
export function readNotesBlock(text: string, title: string): Readonly<Record<string, string>> {
  const { value, lineOf } = readYaml(text, title.charAt(0).toUpperCase() + title.slice(1));
  return parseWith(optionsSchema, withTexts(value), title, { lineOf });
}

function withTexts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, option]: [string, unknown]) => [
      key,
      typeof option === 'number' || typeof option === 'boolean' ? String(option) : option,
    ]),
  );
}
