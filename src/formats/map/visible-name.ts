/** Controls, direction marks, private and unassigned characters, and separators of lines. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A name that came from outside, with every character that would not show or would change what stands around it
 * (line ends, terminal controls, direction marks) written out as `\u{202e}`. Nothing is left out.
 */
export function visibleName(name: string): string {
  return name.replace(INVISIBLE, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** East Asian wide and fullwidth blocks and pictographs (Unicode Standard Annex 11): two columns each. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
/** Marks that are drawn over the character before them: no column. */
const COMBINING = /\p{M}/u;

/** The columns that a terminal gives one character (a code point). */
export function columnsOfCharacter(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The columns that a terminal gives a text without colours. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}
