import { once } from 'node:events';
import { isatty } from 'node:tty';

/** Writes to standard output and waits while the reader is slower than we are. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Writes one message to standard error. */
export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** A reader that goes away (`pinfold … | head`) ends the program quietly, as it ends every Unix tool. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}

/** Whether colours help whoever reads standard output: a terminal that does not ask for none (no-color.org). */
export function wantsColor(): boolean {
  const { env } = process;
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  // `process.stdout.isTTY` is undefined on a pipe, for which picocolors puts its own guess: colours under CI.
  return isatty(1) && !refused;
}
