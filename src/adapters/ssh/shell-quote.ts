/** Words that every POSIX shell takes as they are. */
const PLAIN = /^[\w@%+:,./-]+$/;

/**
 * One argv as a command line of a POSIX shell, which makes the very same words of it again. A word with a NUL cannot
 * be passed to any program and is an error, as is an empty argv.
 */
export function shellQuote(argv: readonly string[]): string {
  if (argv.length === 0) throw new Error('A command needs at least the name of a program.');
  return argv
    .map(word => {
      if (word.includes('\0')) throw new Error('A word of a command must not hold a NUL.');
      return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
    })
    .join(' ');
}
