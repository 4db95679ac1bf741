import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { tooLarge } from './check-size.ts';
import { LIMITS } from './limits.ts';
import { documentError, type LineOf } from './parse-with.ts';

/** What a YAML file says, and where. */
export interface YamlFile {
  /** An empty file is an empty map. */
  readonly value: unknown;
  readonly lineOf: LineOf;
}

/** Reads a YAML text (1.2 core schema: no dates, no tags). Throws an AppError with the line where it is no YAML. */
export function readYaml(text: string, title: string): YamlFile {
  if (text.length > LIMITS.textLength) throw tooLarge(title, `has more than ${LIMITS.textLength} characters`);
  try {
    return { value: load(text, { schema: CORE_SCHEMA }) ?? {}, lineOf: path => lineOf(text, path) };
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(title, 'is nested too deeply');
    if (!(error instanceof YAMLException)) throw error;
    const { mark } = error as { mark?: { line: number } };
    const where = mark === undefined ? '' : ` in line ${mark.line + 1}`;
    throw documentError('document-not-yaml', `${title} is no valid YAML${where}: ${error.reason}.`);
  }
}

/** The line of the last key of the path that is found, each looked for behind the one before it. */
function lineOf(text: string, path: readonly PropertyKey[]): number | undefined {
  let from = 0;
  let found = -1;
  for (const key of path) {
    if (typeof key !== 'string') continue;
    const literal = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`(?:^|[\\s{,])["']?${literal}["']?\\s*:`, 'gm');
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (match === null) break;
    found = match.index + match[0].indexOf(key);
    from = pattern.lastIndex;
  }
  return found < 0 ? undefined : text.slice(0, found).split('\n').length;
}
