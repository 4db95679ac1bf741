import { tooLarge } from './check-size.ts';
import { LIMITS } from './limits.ts';
import { documentError } from './parse-with.ts';

/**
 * The value of a JSON text. Throws an AppError when it is too long or too deep to be one of our documents
 * (looked at before it is parsed, so that no text costs much memory) or is no JSON.
 */
export function readJson(text: string, title: string, longest: number = LIMITS.textLength): unknown {
  if (text.length > longest) throw tooLarge(title, `has more than ${longest} characters`);
  if (isDeep(text)) throw tooLarge(title, `is nested more than ${LIMITS.depth} levels deep`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 120) : 'unreadable';
    throw documentError(
      'document-not-json',
      `${title.charAt(0).toUpperCase()}${title.slice(1)} is no JSON text: ${reason}.`,
    );
  }
}

/** Whether brackets outside of strings are open more than {@link LIMITS.depth} deep anywhere. */
function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > LIMITS.depth) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
