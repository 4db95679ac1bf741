import { useCodeCache } from '../adapters/local/code-cache.ts';

/** `pinfold VERB …`. What a verb needs is loaded with the code that V8 compiled for its first run on this machine. */
const words = process.argv.slice(2);
useCodeCache(() => words[0] !== undefined && !words[0].startsWith('-'));
import('./run-program.ts')
  .then(({ runProgram }) => runProgram(words))
  .catch((error: unknown) => {
    const what = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    process.stderr.write(
      `pinfold: Its own files cannot be loaded (${what}): install the package or build again.\n`,
    );
    process.exitCode = 1;
  });
