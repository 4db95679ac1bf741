import { visibleName } from './visible-name.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A text as it may stand in an element or a quoted attribute of HTML, SVG and XML, its invisible characters written out
 * (XML has no place for most controls).
 */
export function escapeMarkup(text: string): string {
  return visibleName(text).replace(/[&<>"']/g, character => ENTITIES[character]!);
}
