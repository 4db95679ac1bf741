import { once } from 'node:events';
import { isatty } from 'node:tty';

import { EXIT } from '../domain/app-error.ts';
import { visibleName } from '../formats/map/visible-name.ts';

/** Writes to standard output and waits while the reader is slower than we are. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** A text that may hold words from outside, as a terminal may get it: only its line ends are still orders. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visibleName).join('\n');
}

/** Writes one message to standard error. */
export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/**
 * Does `work` to its end, also when whoever reads what the program says has gone away meanwhile (a link that was lost). What ends
 * the program then stands in another bundle, which shares no variable with this one, but the streams.
 */
export async function outlastReaders<T>(work: () => Promise<T>): Promise<T> {
  const streams = [process.stdout, process.stderr].map(stream => ({
    stream,
    listeners: stream.listeners('error') as ((error: Error) => void)[],
  }));
  const goOn = () => undefined;
  for (const { stream } of streams) stream.removeAllListeners('error').on('error', goOn);
  try {
    return await work();
  } finally {
    for (const { stream, listeners } of streams) {
      stream.removeListener('error', goOn);
      for (const listener of listeners) stream.on('error', listener);
    }
  }
}

/**
 * Ends the program in good order when what it says cannot be written: quietly when the reader went away
 * (`pinfold … | head`, a terminal that was closed), as every Unix tool ends, else with one sentence, should standard error take it.
 */
export function endWhenOutputFails(): void {
  // A terminal that is gone answers EIO, and is no terminal any more when asked then.
  const gone = isatty(1) ? ['EPIPE', 'EIO'] : ['EPIPE'];
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (gone.includes(error.code ?? '')) process.exit(process.exitCode ?? EXIT.done);
      if (stream === process.stdout)
        say(
          `pinfold: the answer could not be written (${error.code ?? error.message}): make room for it, or send it elsewhere.`,
        );
      process.exit(EXIT.internal);
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

/** Columns of pipes and files, and of terminals that do not tell. */
const USUAL_COLUMNS = 80;
/** What a map takes at least: a bar beside a row of cores. */
const LEAST_COLUMNS = 60;

/** How wide what is drawn may be: the terminal's columns, else 80. */
export function columnsToUse(): number {
  const columns = isatty(1) ? process.stdout.columns : USUAL_COLUMNS;
  return columns > 0 ? Math.max(LEAST_COLUMNS, columns) : USUAL_COLUMNS;
}
