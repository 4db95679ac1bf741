import { AppError, EXIT } from '../domain/app-error.ts';
import { endWhenOutputFails, say, visibleLines } from './output.ts';
import { runVerb } from './run-verb.ts';

/** Runs the verb that these words name; what goes wrong is said on standard error. Leaves the exit code. */
export async function runProgram(words: readonly string[]): Promise<void> {
  endWhenOutputFails();
  try {
    process.exitCode = await runVerb(words);
  } catch (error) {
    process.exitCode = error instanceof AppError ? error.exit : EXIT.internal;
    if (error instanceof AppError) say(`pinfold: ${visibleLines(error.message)}`);
    else
      say(
        `pinfold: this is a fault of Pinfold's own; please report it with the lines below.\n${
          error instanceof Error ? (error.stack ?? error.message) : String(error)
        }`,
      );
  }
}
