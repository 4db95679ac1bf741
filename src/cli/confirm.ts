import { createInterface } from 'node:readline';
import { isatty } from 'node:tty';
import { AppError, EXIT } from '../domain/app-error.ts';

/** Asks on standard error and reads one line; only y or yes is a yes. Throws an AppError where nobody can be asked. */
export async function confirm(question: string): Promise<boolean> {
  if (!isatty(0))
    throw new AppError(
      'nobody-to-ask',
      EXIT.usage,
      'Standard input is no terminal, so nobody can say yes: look with --dry-run first, then call again with --yes.',
    );
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await new Promise<string>(resolve => {
      lines.question(`${question} [y/N] `, resolve);
      lines.once('close', () => {
        resolve('');
      });
    });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
