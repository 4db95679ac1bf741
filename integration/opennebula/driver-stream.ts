import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { tellLate } from '../kit/late.ts';
import { killGroup } from '../kit/run-program.ts';

/** Words of the protocol; the driver's failure text ends with `ExitCode: N` because only what follows it is cut off. */
const EXIT_CODE = 'ExitCode: ';
const END_OF_ERRORS = 'EOF_ERR';
const END_OF_OUTPUT = 'EOF_OUT';

/** Answer of a check that the script to run is there; the driver then copies its remotes to the host. */
export const MAGIC_CODE = 42;

/** How one command of the stream ended. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  /** With `ExitCode: N` at its end, as the driver keeps it. */
  readonly stderr: string;
}

/**
 * Stand-in for SshStream (mad/ruby/ssh_stream.rb): one shell a driver action, as `ssh HOST bash -s` gives it: no
 * terminal, sshd's environment, commands written to its standard input as `(COMMAND); echo …` and followed by the
 * here-document that feeds them. Both ends of a command are recognised by words on standard output and error.
 */
export class DriverStream {
  readonly #shell: ChildProcessWithoutNullStreams;
  #out = '';
  #err = '';
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(shell: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#shell = spawn(shell[0]!, shell.slice(1), { env: environment, detached: true, cwd: '/' });
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#wake();
    });
    this.#shell.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#wake();
    });
    this.#shell.stdin.on('error', () => undefined);
    this.#shell.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
    this.#shell.on('error', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /**
   * Runs one command line. With `input`, the command is `cat << 'EOT' | COMMAND` and its standard input is the text
   * and one line end more (OpenNebulaDriver.rb). A command that overruns the deadline ends the stream.
   */
  async run(command: string, input: string | null, timeoutMs: number): Promise<CommandEnd> {
    this.#out = '';
    this.#err = '';
    const line = input === null ? command : `cat << 'EOT' | ${command}`;
    const ends = `echo "${EXIT_CODE}$? ${END_OF_ERRORS}" 1>&2; echo "${END_OF_OUTPUT}"`;
    this.#shell.stdin.write(`(${line}); ${ends}\n`);
    if (input !== null) this.#shell.stdin.write(`${input}\nEOT\n`);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const end = this.#finished();
      if (end !== null) return end;
      const left = deadline - Date.now();
      if (left <= 0 || this.#closed) {
        const why = this.#closed ? 'the stream was closed' : `no answer within ${timeoutMs / 1000} s`;
        if (!this.#closed) {
          await tellLate(`${command} (${timeoutMs / 1000} s)`);
          killGroup(this.#shell.pid);
        }
        return { code: -1, stdout: this.#out, stderr: `${this.#err}\nTimeout Error (${why}): ${command}` };
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends the shell and all that still hangs on it in its process group. */
  close(): void {
    this.#shell.stdin.end('\nexit\n');
    setTimeout(() => {
      if (!this.#closed) killGroup(this.#shell.pid);
    }, 2000).unref();
  }

  #finished(): CommandEnd | null {
    const code = new RegExp(`^${EXIT_CODE}(\\d+) ${END_OF_ERRORS}\\n`, 'm').exec(this.#err);
    if (code === null || !this.#out.includes(`${END_OF_OUTPUT}\n`)) return null;
    return {
      code: Number(code[1]),
      stdout: this.#out.replace(`${END_OF_OUTPUT}\n`, ''),
      stderr: this.#err.replace(` ${END_OF_ERRORS}\n`, ''),
    };
  }
}
