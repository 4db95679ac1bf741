import yargs, { type Argv } from 'yargs';

import { EXIT } from '../domain/app-error.ts';
import { checkWords } from './check-words.ts';
import { print } from './output.ts';
import type { GivenWords, Verb } from './verb.ts';
import { VERBS } from './verbs.ts';
import { version } from './version.ts';

const EXIT_CODES = `Exit codes
  0  done, or it fits            4  node not reachable
  1  a fault of Pinfold's own    5  lock or state busy or damaged
  2  wrong usage or request      6  applied only in part
  3  does not fit`;

/**
 * Runs the verb that these words name and answers with the exit code. Throws an AppError for words that are not
 * understood, before the verb does anything.
 */
export async function runVerb(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  if (first === '--version' || first === 'version') {
    await print(`${version()}\n`);
    return EXIT.done;
  }
  if (first === 'help') return runVerb([...rest, '--help']);
  checkWords(words, VERBS);
  let code: number = EXIT.done;
  const program = yargs(words.map(plainDash))
    .scriptName('pinfold')
    .locale('en')
    .usage('$0 VERB [options]\n\nPuts virtual machines on the right NUMA cells and CPUs.')
    .parserConfiguration({ 'dot-notation': false, 'parse-numbers': false, 'boolean-negation': false })
    .version(false)
    .help()
    .alias('h', 'help')
    .epilogue(`${EXIT_CODES}\n\npinfold --version prints the version.`)
    .strict()
    .wrap(80)
    .exitProcess(false)
    .fail((message, error) => {
      // yargs types the error as always there, but calls without one for words that it does not understand.
      throw (error as Error | null | undefined) ?? new Error(`the command line: ${message}`);
    });
  for (const [name, verb] of Object.entries(VERBS)) {
    const argument = verb.argument === undefined ? '' : ` <${verb.argument.name}>`;
    program.command(
      name + argument,
      verb.summary,
      builder => describe(builder, verb),
      async args => {
        code = await verb.run(givenWords(args));
      },
    );
  }
  await program.parseAsync();
  return code;
}

/** A lone dash, which yargs drops as the argument of a verb, in a form that it keeps. */
const DASH = '\0-';

function plainDash(word: string): string {
  return word === '-' ? DASH : word;
}

function givenWords(args: Readonly<Record<string, unknown>>): GivenWords {
  return {
    text: name => {
      const value = args[name];
      return typeof value !== 'string' ? undefined : value === DASH ? '-' : value;
    },
    flag: name => args[name] === true,
  };
}

/** What help prints of a verb, and how yargs reads it. */
function describe(builder: Argv, verb: Verb): Argv {
  if (verb.argument !== undefined) {
    const { name, describe: text } = verb.argument;
    builder.positional(name, { type: 'string', describe: text });
  }
  for (const [name, { takes, describe: text }] of Object.entries(verb.options))
    builder.option(
      name,
      takes === 'flag'
        ? { type: 'boolean', describe: text }
        : { type: 'string', requiresArg: true, describe: text },
    );
  for (const [words, meaning] of verb.examples) builder.example(`$0 ${words}`, meaning);
  return builder;
}
