import { spawn } from 'node:child_process';
import type { RunOptions, RunResult } from '../../app/ports.ts';

/**
 * How long output is still read after the program ended: a grandchild that it left behind may keep the pipes
 * open (OpenNebula's restore leaves a `domtime` loop for up to 20 s), and nobody waits for that.
 */
const DRAIN_MS = 200;

/** Runs a program of this machine to its end, see `NodePort.run`. `options.env` is added to our environment. */
export function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise(resolve => {
    const output = { stdout: '', stderr: '' };
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    // A process group of its own only where it may have to be killed as a whole.
    const child = spawn(argv[0]!, argv.slice(1), {
      env: { ...process.env, ...options.env },
      detached: options.timeoutMs !== undefined,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const settle = (code: number | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      resolve({ code, ...output });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.once('error', error => {
      output.stderr += `${argv[0]!} could not be started: ${error.message}.\n`;
      settle(null);
    });
    child.once('close', settle);
    child.once('exit', code => setTimeout(settle, DRAIN_MS, code).unref());
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    if (options.timeoutMs !== undefined)
      timer = setTimeout(() => {
        if (child.pid !== undefined) killGroup(child.pid);
        settle(null);
      }, options.timeoutMs);
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
