import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { runVerb } from './run-verb.ts';
import { VERBS } from './verbs.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinfold-values-'));
/** A tree without /sys and /proc: whoever reads the node ends with 4. */
const EMPTY = join(folder, 'no-node');
const REQUEST = join(folder, 'request.json');
const BROKEN = join(folder, 'broken.json');
const MISSING = join(folder, 'missing.json');

beforeAll(() => {
  mkdirSync(EMPTY);
  const request = { kind: 'pinfold/request', version: 1, vm: 'web', vcpus: 2, memoryMiB: 512 };
  writeFileSync(REQUEST, JSON.stringify(request));
  writeFileSync(BROKEN, '{"kind":');
});
beforeEach(() => {
  jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function faultOf(
  words: readonly string[],
): Promise<{ readonly exit: number; readonly message: string }> {
  try {
    return { exit: await runVerb(words), message: '' };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { exit: error.exit, message: error.message };
  }
}

const MISSING_FILE = /could not be read \(ENOENT\)/;
const NO_JSON = /is no JSON text/;
const NO_VM = /is no VM of Proxmox VE: its number is from 100 to 999999999/;
const BOTH = /^Both --\w+ and --[\w-]+ are given/;
const TWO_NODES = /^Both --(root|node) and --(root|node) are given/;

/** By verb: its words behind it, and what is said of them. */
const WRONG: Readonly<Record<string, readonly (readonly [words: readonly string[], says: RegExp])[]>> = {
  topology: [[['--node', 'pve1'], TWO_NODES]],
  place: [
    [['--host', MISSING, '--request', REQUEST], MISSING_FILE],
    [['--host', '-', '--request', '-'], /^Only one of --host and --request/],
    [['--host', REQUEST], /^place needs both/],
    [['--batch', '--replay', REQUEST], /^With --batch/],
    [['--host', REQUEST, '--replay', REQUEST], BOTH],
  ],
  replay: [
    [[MISSING], MISSING_FILE],
    [[BROKEN], NO_JSON],
    [[REQUEST], /^In the trace, host is missing and must be there\.$/],
    [[], /^FILE is missing behind the verb/],
  ],
  status: [
    [['--watch', '--interval=-1'], /^--interval takes seconds/],
    [['--watch', '--interval', 'soon'], /^--interval takes seconds/],
    [['--interval', '2'], /--watch is not given/],
    [['--svg', '-', '--html', '-'], /^Only one of/],
    [['--svg', folder], /is a folder/],
    [['--html', join(folder, 'none/x.html')], /because there is no folder/],
    [['--node', 'pve1'], TWO_NODES],
    [['--host', REQUEST], BOTH],
  ],
  usage: [
    [['--shape', MISSING], MISSING_FILE],
    [['--shape', BROKEN], NO_JSON],
    [['--csv', '--json'], BOTH],
    [['--replay', REQUEST], BOTH],
  ],
  metrics: [
    [['--file', folder], /is a folder/],
    [['--file', join(REQUEST, 'x.prom')], /because there is no folder/],
    [['--file', 'x', '--json'], BOTH],
    [['--node', 'pve1'], TWO_NODES],
  ],
  preview: [
    [['web'], NO_VM],
    [['99'], NO_VM],
    [['1e3'], NO_VM],
    [['101', '--node', 'pve1'], TWO_NODES],
  ],
  attach: [
    [['web', '--profile', 'latency'], NO_VM],
    [['1000000000'], NO_VM],
    [['101', '--profile='], /^--profile needs a value/],
    [['101', '102'], /^"102" is not understood/],
    [['101', '--node', 'pve1'], TWO_NODES],
  ],
  detach: [
    [['0101'], NO_VM],
    [['101', '--node', 'pve1'], TWO_NODES],
  ],
  rebalance: [
    [['--max-move=-1', '--dry-run'], /^--max-move is "-1"/],
    [['--max-move', 'all', '--dry-run'], /^--max-move is "all"/],
    [['--for', MISSING, '--dry-run'], MISSING_FILE],
    [['--for', BROKEN, '--dry-run'], NO_JSON],
    [['--json'], /^With --json nothing is shown/],
  ],
  reconcile: [[['--node', 'pve1'], TWO_NODES]],
  where: [
    [[MISSING], MISSING_FILE],
    [[BROKEN], NO_JSON],
    [[REQUEST, '--hosts', MISSING], MISSING_FILE],
    [[REQUEST, '--nodes', 'pve1,,pve2'], /^--nodes is "pve1,,pve2"/],
    [[REQUEST, '--nodes', ','], /^--nodes is ","/],
    [[REQUEST, '--nodes', 'pve1', '--hosts', MISSING], BOTH],
    [[REQUEST, '--parallel', '0'], /^--parallel is "0"/],
    [[REQUEST, '--deadline', '1.5'], /^--deadline is "1.5"/],
    [[REQUEST, '--strategy', 'best'], /^--strategy is "best"/],
  ],
  explain: [
    [['web', '--request', MISSING], MISSING_FILE],
    [['web', '--request', BROKEN], NO_JSON],
    [['web', '--replay', MISSING], BOTH],
    [['web', '--node', 'pve1'], TWO_NODES],
    [[], /^VM is missing behind the verb/],
  ],
  capture: [
    [[folder], /is a folder/],
    [[join(folder, 'none/x.json')], /because there is no folder/],
    [['x.json', '--node', 'pve1'], TWO_NODES],
    [[], /^FILE is missing behind the verb/],
  ],
  doctor: [
    [['--probe'], /^--probe tries things out on this machine/],
    [['--node', 'pve1'], TWO_NODES],
  ],
  completion: [[['fish'], /^There is no completion for "fish": did you mean bash/]],
  demo: [[['--into', REQUEST], /cannot be made/]],
};

/** Those that look at a node, which is one that cannot be read, so that an earlier look would be told instead. */
const onNoNode = (verb: string, words: readonly string[]): readonly string[] => [
  verb,
  ...words,
  ...(VERBS[verb]!.options['root'] === undefined ? [] : ['--root', EMPTY]),
];
const ROWS = Object.entries(WRONG).flatMap(([verb, calls]) =>
  calls.map(([words, says]) => ({ verb, words, says, shown: words.join(' ').replaceAll(folder, 'DIR') })),
);

test('every verb is here', () => {
  expect(Object.keys(WRONG).sort()).toEqual(Object.keys(VERBS).sort());
});

test('whoever reads the node finds none', async () => {
  expect(await faultOf(['status', '--root', EMPTY])).toMatchObject({ exit: 4 });
});

test.each(ROWS)(
  '$verb $shown is told in one sentence before the node is read',
  async ({ verb, words, says }) => {
    const { exit, message } = await faultOf(onNoNode(verb, words));
    expect(message).toMatch(says);
    expect(message).toMatch(/^[^\n]+[.?]$/);
    expect(exit).toBe(2);
  },
);

describe.each(Object.keys(VERBS))('%s', verb => {
  const argument = VERBS[verb]!.argument === undefined ? [] : ['101'];

  test('takes no option that it does not have, and names the nearest', async () => {
    const { exit, message } = await faultOf(onNoNode(verb, [...argument, '--hlep']));
    expect({ exit, message }).toMatchObject({
      exit: 2,
      message: expect.stringMatching(/no option "--hlep": did you mean --/),
    });
  });

  test('is found behind a slip of the finger', async () => {
    const slip = verb.slice(0, -1) + (verb.endsWith('x') ? 'y' : 'x');
    const { exit, message } = await faultOf([slip]);
    expect({ exit, message }).toMatchObject({
      exit: 2,
      message: expect.stringContaining(`did you mean "${verb}"?`),
    });
  });
});

const OPTIONS = Object.entries(VERBS).flatMap(([verb, { options, argument }]) =>
  Object.entries(options).map(([name, { takes }]) => ({ verb, name, takes, argument })),
);

test.each(OPTIONS)(
  '$verb wants --$name once, and a value only where it takes one',
  async ({ verb, name, takes, argument }) => {
    const words = [verb, ...(argument === undefined ? [] : ['101'])];
    const once = await faultOf([...words, takes === 'flag' ? `--${name}=maybe` : `--${name}`]);
    expect(once).toMatchObject({ exit: 2, message: expect.stringContaining(`--${name} `) });
    const given = takes === 'flag' ? [`--${name}`] : [`--${name}`, 'x'];
    const twice = await faultOf([...words, ...given, ...given]);
    expect(twice).toMatchObject({ exit: 2, message: expect.stringContaining(`--${name} is given twice`) });
  },
);
