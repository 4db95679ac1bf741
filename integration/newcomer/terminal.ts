import { spawn } from 'node:child_process';
import { atTheEnd } from '../kit/clean-ups.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { interactiveSsh, type MachineAccess } from '../nested/ssh.ts';
import { COLUMNS, terminalText } from './terminal-text.ts';

const PROMPT = 'root@nested:~#';
/** Questions that end with this are answered as somebody does who goes on: apt's, and Pinfold's own. */
const QUESTION = /\[(?:Y\/n|y\/N)\]$/;

/** Root's shell on the machine, in a terminal of {@link COLUMNS}. */
export interface Terminal {
  /** Types a line and waits for the next prompt. Throws at the deadline with what stands in the terminal. */
  type(line: string, timeoutMs: number): Promise<void>;
  /** All that stood in it so far, prompts and answers too. */
  text(): string;
  close(): void;
}

/**
 * Logs in as somebody does who sits before a terminal. `codes` is a file on the machine to which each command's exit code
 * goes behind the user's back.
 */
export async function openTerminal(access: MachineAccess, codes: string): Promise<Terminal> {
  const [program, ...words] = interactiveSsh(access);
  // A prompt as Debian's root has it; the size is told by hand, because ssh has no terminal of its own to ask.
  const shell = [
    `cd; stty cols ${COLUMNS} rows 50; export TERM=xterm`,
    `exec bash --rcfile <(echo "PS1='${PROMPT} '; PROMPT_COMMAND='echo \\$? >> ${codes}'") -i`,
  ].join('; ');
  const child = spawn(program!, [...words.slice(0, -1), '-tt', words.at(-1)!, `bash -c '${quoted(shell)}'`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = atTheEnd(() => void child.kill('SIGKILL'));
  let written = '';
  let end: string | null = null;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (written += text));
  child.stdin.on('error', () => undefined);
  child.on('error', error => (end = error.message));
  child.on('close', code => (end ??= `ssh ended with ${code ?? 'a signal'}`));
  /** The text up to which all was answered. */
  let answered = 0;
  const prompt = (timeoutMs: number, what: string) =>
    waitUntil(
      () => {
        if (end !== null) throw new Error(`The terminal is gone (${end}):\n${terminalText(written)}`);
        const last = terminalText(written.slice(answered)).split('\n').at(-1)!;
        if (QUESTION.test(last)) {
          answered = written.length;
          child.stdin.write('y\n');
        }
        return last === PROMPT ? true : null;
      },
      { what, timeoutMs, everyMs: 100, explain: () => terminalText(written) },
    );
  await prompt(60_000, 'a prompt');
  return {
    async type(line, timeoutMs) {
      answered = written.length;
      child.stdin.write(`${line}\n`);
      await prompt(timeoutMs, `"${line}" to end`);
    },
    text: () => terminalText(written),
    close() {
      closed();
      child.kill('SIGKILL');
    },
  };
}

/** As it stands between single quotes of a shell. */
function quoted(text: string): string {
  return text.replaceAll("'", `'\\''`);
}
