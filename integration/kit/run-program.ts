import { spawn } from 'node:child_process';
import { atTheEnd } from './clean-ups.ts';
import { tellLate } from './late.ts';

/** How a program ended. */
export interface ProgramEnd {
  /** null when it was killed, at its deadline or otherwise, or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly millis: number;
}

export interface ProgramOptions {
  readonly stdin?: string | Buffer;
  /** Replaces the whole environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** After this many milliseconds the program and all that it started is killed, once `tellLate` has looked around. */
  readonly timeoutMs: number;
  /** Called with each piece of output, standard output and standard error alike. */
  readonly onOutput?: (text: string) => void;
  /** Called with its process id, which is its process group's too. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Runs a program to its end in a process group of its own, which the clean-up kills. What goes wrong is in the answer: a program that
 * could not be started or overran its deadline has code null and a last line of stderr that says so.
 */
export function runProgram(argv: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
  return new Promise(resolve => {
    const start = process.hrtime.bigint();
    const child = spawn(argv[0]!, argv.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const ended = atTheEnd(() => {
      killGroup(child.pid);
    });
    let [stdout, stderr, isOver] = ['', '', false];
    const hear = (text: string) => options.onOutput?.(text);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      hear(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      hear(text);
    });
    const deadline = setTimeout(() => {
      stderr += `\n${argv[0]!} was killed: it took longer than ${options.timeoutMs / 1000} s.`;
      void tellLate(`${argv.join(' ')} (${options.timeoutMs / 1000} s)`).then(() => {
        if (!isOver) killGroup(child.pid);
      });
    }, options.timeoutMs);
    const finish = (code: number | null) => {
      isOver = true;
      clearTimeout(deadline);
      ended();
      resolve({ code, stdout, stderr, millis: Number(process.hrtime.bigint() - start) / 1e6 });
    };
    child.on('error', error => {
      stderr += `\n${argv[0]!} could not be started: ${error.message}`;
      finish(null);
    });
    child.on('close', code => {
      finish(code);
    });
    // A program that reads no input may be gone before it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}

/** Runs a program that must succeed and returns its standard output; else throws with the tail of what it said. */
export async function mustRun(argv: readonly string[], options: ProgramOptions): Promise<string> {
  const end = await runProgram(argv, options);
  if (end.code === 0) return end.stdout;
  const said = `${end.stdout}\n${end.stderr}`.trim().split('\n').slice(-25).join('\n');
  throw new Error(`${argv.join(' ').slice(0, 300)} ended with ${end.code ?? 'a signal'}:\n${said}`);
}

/** Kills the process group that this process leads; gone already is fine. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No such group: that is what was wanted.
  }
}
