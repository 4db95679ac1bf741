import yargs, { type ArgumentsCamelCase, type Argv } from 'yargs';

import { AppError, EXIT } from '../domain/app-error.ts';
import { nearest } from '../domain/nearest.ts';
import { print } from './output.ts';

/** Replaced by the version of package.json when the program is bundled. */
declare const PINFOLD_VERSION: string | undefined;

/** The verbs with their options, for "did you mean". */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  topology: ['root', 'json', 'help'],
  place: ['host', 'request', 'batch', 'timing', 'json', 'help'],
  replay: ['rebalance', 'json', 'help'],
  status: ['root', 'json', 'help'],
  demo: ['keep', 'json', 'help'],
};

const EXIT_CODES = `Exit codes
  0  done, or it fits            4  node not reachable
  1  a fault of Pinfold's own    5  lock or state busy or damaged
  2  wrong usage or request      6  applied only in part
  3  does not fit`;

/**
 * Runs the verb that these words name and answers with the exit code. Each verb's code is loaded when it is
 * called. Throws an AppError for words that are not understood.
 */
export async function runVerb(words: readonly string[]): Promise<number> {
  if (words.length === 1 && words[0] === '--version') {
    await print(`${version()}\n`);
    return EXIT.done;
  }
  checkVerb(words);
  let code: number = EXIT.done;
  const run = (work: Promise<number>) =>
    work.then(result => {
      code = result;
    });
  await commandLine(words, run).parseAsync();
  return code;
}

type Run = (work: Promise<number>) => Promise<void>;

function commandLine(words: readonly string[], run: Run) {
  return yargs([...words])
    .scriptName('pinfold')
    .locale('en')
    .usage('$0 VERB [options]\n\nPuts virtual machines on the right NUMA cells and CPUs.')
    .parserConfiguration({
      'populate--': true,
      'duplicate-arguments-array': false,
      'dot-notation': false,
      'parse-numbers': false,
      'boolean-negation': false,
    })
    .command('topology', 'print what this machine, or a tree of its files, is', topologyOptions, args =>
      run(topology(args)),
    )
    .command('place', 'decide where a guest goes; touches nothing', placeOptions, args => run(place(args)))
    .command(
      'replay <file>',
      'let the guests of a trace come to a host and leave it again',
      replayOptions,
      args => run(replay(args)),
    )
    .command('status', 'draw a node: cells, cores and who holds them', statusOptions, args =>
      run(status(args)),
    )
    .command('demo', 'start guests on a made-up node and show where they go', demoOptions, args =>
      run(demo(args)),
    )
    .version(version())
    .help()
    .alias('h', 'help')
    .epilogue(EXIT_CODES)
    .strict()
    .wrap(80)
    .exitProcess(false)
    .fail((message, error) => {
      // yargs types the error as always there, but calls with none, or with one of its own, for wrong usage.
      const fault = error as Error | null | undefined;
      throw fault == null || fault.name === 'YError' ? usageError(message, words) : fault;
    });
}

/** What a verb's options come out as. */
type Options<Build> = Build extends (builder: Argv) => Argv<infer Args> ? ArgumentsCamelCase<Args> : never;

const root = {
  type: 'string',
  requiresArg: true,
  describe: 'a folder that stands in place of "/"',
} as const;
const json = { type: 'boolean', default: false, describe: 'print a JSON document' } as const;

function topologyOptions(builder: Argv) {
  return builder
    .options({ root, json })
    .example('$0 topology', 'this machine')
    .example('$0 topology --root DIR', 'the machine whose /sys and /proc lie below DIR');
}

async function topology({ root: folder }: Options<typeof topologyOptions>): Promise<number> {
  const { topologyCommand } = await import('./commands/topology.ts');
  await print(`${JSON.stringify(topologyCommand({ root: folder ?? '/' }), null, 2)}\n`);
  return EXIT.done;
}

function placeOptions(builder: Argv) {
  const file = { type: 'string', requiresArg: true } as const;
  return builder
    .options({
      host: { ...file, describe: 'the host document; "-" reads standard input' },
      request: { ...file, describe: 'the request; "-" reads standard input' },
      batch: {
        type: 'boolean',
        default: false,
        describe: 'lines {"host": …, "request": …} on standard input, one decision a line',
      },
      timing: { type: 'boolean', default: false, describe: 'add what each decision cost, in microseconds' },
      json,
    })
    .example('$0 place --host host.json --request request.json', '')
    .example('$0 place --batch --timing < pairs.jsonl', '');
}

async function place(options: Options<typeof placeOptions>): Promise<number> {
  const { placeCommand } = await import('./commands/place.ts');
  return placeCommand(options);
}

function replayOptions(builder: Argv) {
  return builder
    .positional('file', {
      type: 'string',
      demandOption: true,
      describe:
        'the trace: {"host": …, "events": [["a", guest, request], ["d", guest], …]}; "-" reads standard input',
    })
    .options({
      rebalance: {
        type: 'boolean',
        default: false,
        describe: 'let running guests be re-pinned and moved to make room for a newcomer',
      },
      json,
    })
    .example('$0 replay trace.json', '')
    .example('$0 replay --rebalance - < trace.json', '');
}

async function replay(options: Options<typeof replayOptions>): Promise<number> {
  const { replayCommand } = await import('./commands/replay.ts');
  // yargs makes an empty text of the positional "-".
  return replayCommand({ ...options, file: options.file === '' ? '-' : options.file });
}

function statusOptions(builder: Argv) {
  return builder.options({ root, json }).example('$0 status', 'this machine');
}

async function status({ root: folder, json: asJson }: Options<typeof statusOptions>): Promise<number> {
  const { statusCommand } = await import('./commands/status.ts');
  return statusCommand({ root: folder, json: asJson });
}

function demoOptions(builder: Argv) {
  return builder.options({
    keep: { type: 'boolean', default: false, describe: 'keep the made-up node and say where it is' },
    json,
  });
}

async function demo({ keep, json: asJson }: Options<typeof demoOptions>): Promise<number> {
  const { demoCommand } = await import('./commands/demo.ts');
  return demoCommand({ keep, json: asJson });
}

/** A first word that is no verb, and no word at all, are told before anything is parsed. */
function checkVerb(words: readonly string[]): void {
  const [first] = words;
  if (first === undefined)
    throw new AppError(
      'usage',
      EXIT.usage,
      `A verb is missing: write one of ${Object.keys(VERBS).join(', ')}, or --help.`,
    );
  if (first.startsWith('-') || Object.hasOwn(VERBS, first)) return;
  throw new AppError(
    'usage',
    EXIT.usage,
    `There is no verb "${first.slice(0, 60)}": did you mean "${nearest(first, Object.keys(VERBS))!}"? See pinfold --help for all.`,
  );
}

/** yargs' complaint as one sentence that says what to do. */
function usageError(message: string, words: readonly string[]): AppError {
  const verb = words[0] ?? 'VERB';
  const unknown = /^Unknown (?:argument|command)s?: ([^,]*)/.exec(message)?.[1];
  // A word without dashes is no misspelt option.
  const isOption = !words.includes(unknown ?? '');
  const right = isOption ? nearest(unknown ?? '', VERBS[verb] ?? []) : undefined;
  const sentence =
    unknown === undefined
      ? message.trim().replace(/\s+/g, ' ').replace(/\.$/, '')
      : `"${unknown.slice(0, 60)}" is not understood${right === undefined ? '' : `, did you mean --${right}?`}`;
  return new AppError('usage', EXIT.usage, `${sentence.replace(/\?$/, '')}: see pinfold ${verb} --help.`);
}

function version(): string {
  return typeof PINFOLD_VERSION === 'undefined' ? 'development' : PINFOLD_VERSION;
}
