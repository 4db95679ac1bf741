import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ChannelEnd, Heard, LineChannel } from '../../app/ports.ts';

/** A domain XML is some KiB; whoever sends a line of this length means no good, UTF-16 units. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** How long a program is waited for after its input has ended, milliseconds; then it is told to end. */
const LAST_MS = 2_000;

/** A program's lines: what it writes is received, what is sent stands on its standard input. */
export function programLines(argv: readonly string[]): LineChannel {
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = lineQueue(child.stdout);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-4096);
  });
  let code: number | null = null;
  const over = new Promise<void>(resolve => {
    child.once('close', (exit: number | null) => {
      code = exit;
      resolve();
    });
    child.once('error', ({ message }) => {
      said = `${argv[0]!} could not be started: ${message}`;
      lines.end();
      resolve();
    });
  });
  child.stdin.on('error', () => undefined);
  return {
    send: line => {
      child.stdin.write(`${line}\n`);
    },
    receive: lines.receive,
    async close(): Promise<ChannelEnd> {
      child.stdin.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>(resolve => {
        timer = setTimeout(resolve, LAST_MS);
      });
      await Promise.race([over, late]);
      clearTimeout(timer);
      child.kill();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      child.unref();
      return { code, said: said.trim().split('\n').at(-1)!.trim() };
    },
  };
}

/** The lines of whoever called this program: its standard input and output. */
export function ownLines(write: (text: string) => void): LineChannel {
  const lines = lineQueue(process.stdin);
  return {
    send: line => {
      write(`${line}\n`);
    },
    receive: lines.receive,
    close: () => {
      process.stdin.destroy();
      return Promise.resolve({ code: null, said: '' });
    },
  };
}

/** Lines as they come in, kept until somebody asks for them. */
function lineQueue(stream: Readable): {
  readonly receive: (timeoutMs: number) => Promise<Heard>;
  readonly end: () => void;
} {
  const heard: string[] = [];
  /** What came since the last line end. */
  let rest: string[] = [];
  let length = 0;
  let ended = false;
  let wake: () => void = () => undefined;
  const end = () => {
    ended = true;
    wake();
  };
  stream.setEncoding('utf8').on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n');
    rest.push(first);
    length += first.length;
    if (others.length > 0) {
      const last = others.pop()!;
      heard.push(...[rest.join(''), ...others].map(line => line.replace(/\r$/, '')));
      rest = [last];
      length = last.length;
    }
    if (length > LONGEST_LINE) {
      stream.destroy();
      end();
    }
    wake();
  });
  stream.once('end', end).once('close', end).on('error', end);
  const next = (): Heard | null => {
    const line = heard.shift();
    if (line !== undefined) return { kind: 'line', line };
    return ended ? { kind: 'end' } : null;
  };
  const receive = (timeoutMs: number) =>
    new Promise<Heard>(resolve => {
      const settle = (answer: Heard) => {
        clearTimeout(timer);
        wake = () => undefined;
        resolve(answer);
      };
      const timer = setTimeout(() => {
        settle({ kind: 'late' });
      }, timeoutMs);
      wake = () => {
        const found = next();
        if (found !== null) settle(found);
      };
      wake();
    });
  return { receive, end };
}
