import { isatty } from 'node:tty';
import { columnsToUse, print } from './output.ts';

/** How drawings are repeated. */
export interface WatchOptions {
  readonly intervalMs: number;
  /** One line a document instead of a picture: nothing between two of them. */
  readonly isDocument: boolean;
}

/** Terminal controls (ECMA-48 and xterm): the other screen without a cursor, and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
/** Rows of a terminal that does not tell. */
const USUAL_ROWS = 24;

/** What a shell sees of a program that Ctrl-C ended: 128 + SIGINT. */
const HARD_END = 130;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Draws now and then after each interval, and at once when the terminal changes its size, until Ctrl-C or another
 * signal that ends a program; a second one ends it the hard way. On a terminal each drawing replaces the one before it
 * and what was there comes back at the end; elsewhere drawings follow each other. Throws what `draw` throws.
 */
export async function watch(draw: () => Promise<string>, options: WatchOptions): Promise<void> {
  const onTerminal = isatty(1) && !options.isDocument;
  const pause = pauseUntilSignal(options.intervalMs, () => {
    if (onTerminal) process.stdout.write(LEAVE);
    process.exit(HARD_END);
  });
  if (onTerminal) await print(ENTER);
  try {
    for (let first = true; !pause.isOver(); first = false) {
      const drawn = await draw();
      if (onTerminal) await print(frame(drawn));
      else await print(first || options.isDocument ? drawn : `\n${drawn}`);
      await pause.wait();
    }
  } finally {
    // After a hang-up there is nobody to tell.
    if (onTerminal && pause.signal() !== 'SIGHUP') await print(LEAVE);
    pause.end();
  }
}

/** A drawing on a screen of its own; what the terminal has no rows for is counted in the last one. */
function frame(drawn: string): string {
  const rows = process.stdout.rows > 0 ? process.stdout.rows : USUAL_ROWS;
  const lines = drawn.trimEnd().split('\n');
  const left = lines.length - rows + 1;
  const note = `… ${left} more lines: make the terminal taller, or see pinfold status`;
  const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), note.slice(0, columnsToUse())];
  return `${HOME}${shown.map(line => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`;
}

/** A pause that ends by time, by a new size of the terminal, or for good by a signal. */
function pauseUntilSignal(intervalMs: number, endNow: () => void) {
  let signal: NodeJS.Signals | null = null;
  let wake: () => void = () => undefined;
  const onSignal = (name: NodeJS.Signals) => {
    if (signal !== null) endNow();
    signal = name;
    wake();
  };
  const onResize = () => {
    wake();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  process.stdout.on('resize', onResize);
  return {
    signal: (): NodeJS.Signals | null => signal,
    isOver: (): boolean => signal !== null,
    async wait(): Promise<void> {
      if (signal !== null) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>(resolve => {
        wake = resolve;
        timer = setTimeout(resolve, intervalMs);
      });
      clearTimeout(timer);
    },
    end(): void {
      for (const name of SIGNALS) process.off(name, onSignal);
      process.stdout.off('resize', onResize);
    },
  };
}
