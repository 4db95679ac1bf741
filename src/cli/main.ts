import { AppError, EXIT } from '../domain/app-error.ts';
import { endWhenOutputFails, say, visibleLines } from './output.ts';
import { runVerb } from './run-verb.ts';

endWhenOutputFails();

runVerb(process.argv.slice(2)).then(
  code => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = error instanceof AppError ? error.exit : EXIT.internal;
    if (error instanceof AppError) say(`pinfold: ${visibleLines(error.message)}`);
    else
      say(
        `pinfold: this is a fault of Pinfold's own; please report it with the lines below.\n${
          error instanceof Error ? (error.stack ?? error.message) : String(error)
        }`,
      );
  },
);
