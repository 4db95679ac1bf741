import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../documents/limits.ts';
import { runPinfold, type ProgramAnswer } from '../testing/built-program.ts';
import { diceOf, type Dice } from '../testing/dice.ts';
import { garbage, SOUND_HOST, SOUND_REQUEST } from '../testing/garbage-documents.ts';

/** A process may take so much memory for one document. */
const MOST_MIB = 200;
/** The program runs in processes of its own; a busy machine needs the time. */
jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'pinfold-garbage-'));
const peak = join(folder, 'peak');
const meter = join(folder, 'meter.cjs');
beforeAll(() => {
  // The kernel's own high-water mark: ru_maxrss also holds what the process that forked this one had.
  writeFileSync(
    meter,
    `const fs = require('fs'); process.on('exit', () => fs.writeFileSync(${JSON.stringify(peak)}, /VmHWM:\\s*(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]));`,
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the program and measures the most memory that it had, in MiB. */
function measured(words: readonly string[], input?: Buffer): ProgramAnswer & { readonly peakMiB: number } {
  rmSync(peak, { force: true });
  const answer = runPinfold(words, input, ['--require', meter]);
  return { ...answer, peakMiB: Number(readFileSync(peak, 'utf8')) / 1024 };
}

interface Answer {
  readonly kind: string;
  readonly vm: string | null;
  readonly fits: boolean;
  readonly placement?: unknown;
  readonly refusal?: { readonly summary: string };
  readonly error?: { readonly code: string; readonly summary: string };
}

/** One line with a full stop, and nothing of our own insides. */
function expectSentence(text: string): void {
  expect(text).toMatch(/^\S[^\n]{10,1500}\.$/);
  expect(text).not.toMatch(
    /\.ts:|\.cjs:|at .+:\d+:\d+|TypeError|RangeError|is not a function|of undefined|\[object/,
  );
}

/** A line of a batch: garbage as a whole, or in one of its two documents. */
function line(dice: Dice): Buffer {
  const whole = dice(3);
  if (whole === 0) return garbage(dice, { host: SOUND_HOST, request: SOUND_REQUEST });
  const document = garbage(dice, whole === 1 ? SOUND_HOST : SOUND_REQUEST);
  const [before, after] =
    whole === 1
      ? ['{"host":', `,"request":${JSON.stringify(SOUND_REQUEST)}}`]
      : [`{"host":${JSON.stringify(SOUND_HOST)},"request":`, '}'];
  return Buffer.concat([Buffer.from(before), document, Buffer.from(after)]);
}

describe('ten thousand lines of garbage', () => {
  const dice = diceOf(20260729);
  const lines = Array.from({ length: 10_000 }, () => line(dice));
  let answer: ReturnType<typeof measured>;
  let answers: Answer[];
  beforeAll(() => {
    answer = measured(['place', '--batch'], Buffer.concat(lines.flatMap(text => [text, Buffer.from('\n')])));
    answers = answer.stdout
      .trimEnd()
      .split('\n')
      .map(text => JSON.parse(text) as Answer);
  });

  test('are all answered, in order and without a word beside', () => {
    expect([answer.code, answer.stderr]).toEqual([0, '']);
    expect(answers).toHaveLength(lines.length);
    expect(answer.peakMiB).toBeLessThan(MOST_MIB);
  });

  test('get an error in one sentence, or a decision where the garbage did no harm', () => {
    const count = { error: 0, errorOfVm: 0, decision: 0 };
    for (const { kind, vm, fits, error, refusal, placement } of answers) {
      expect(kind).toBe('pinfold/decision');
      expect([error, refusal, placement].filter(part => part !== undefined)).toHaveLength(1);
      if (error !== undefined) {
        expect([fits, error.code]).toEqual([false, expect.stringMatching(/^[a-z-]+$/)]);
        expectSentence(error.summary);
        count[vm === null ? 'error' : 'errorOfVm'] += 1;
      } else {
        expect(typeof vm).toBe('string');
        if (refusal !== undefined) expectSentence(refusal.summary);
        count.decision += 1;
      }
    }
    expect(count.error).toBeGreaterThan(7000);
    expect(count.errorOfVm).toBeGreaterThan(50);
    expect(count.decision).toBeGreaterThan(50);
  });
});

/** As long as a text may be that is looked into. */
const huge = LIMITS.textLength;
const claims = Array.from({ length: 4000 }, (_, id) => ({
  vm: `${id}`,
  source: 'observed',
  cells: [{ hostCell: 0, pcpus: '0-65535', memoryMiB: 1 }],
}));

/** Documents that cost most, by name; those that end in `host` stand for the host's place. */
const HEAVY: Readonly<Record<string, () => string | Buffer>> = {
  'a text longer than any': () => `{"vm":"${'x'.repeat(huge)}"}`,
  'a text without end': () => `{"vm":"${'x'.repeat(huge - 10)}`,
  'a name of megabytes': () => JSON.stringify({ ...SOUND_REQUEST, vm: 'x'.repeat(huge - 1000) }),
  'millions of brackets': () => '['.repeat(huge - 1),
  'brackets that close': () => '['.repeat(huge / 2 - 1) + ']'.repeat(huge / 2 - 1),
  'a list of millions': () => `[${'0,'.repeat(huge / 2 - 10)}0]`,
  'as many empty objects as the text holds, for the host': () => `[${'{},'.repeat(huge / 3 - 10)}0]`,
  'a hundred thousand unknown keys': () =>
    JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, key) => [`k${key}`, 0]))),
  'sixteen thousand unknown keys': () =>
    JSON.stringify({
      ...SOUND_REQUEST,
      ...Object.fromEntries(Array.from({ length: 16_000 }, (_, key) => [`vcpu${key}`, 0])),
    }),
  'claims that name every CPU, for the host': () => JSON.stringify({ ...SOUND_HOST, claims }),
  'bytes that are no text': () => Buffer.alloc(1_000_000, 0xff),
  'nothing at all': () => '',
  NaN: () => '{"kind":"pinfold/request","version":1,"vm":"1","vcpus":NaN,"memoryMiB":1}',
  'a prototype': () =>
    '{"__proto__":{"kind":"pinfold/request","version":1,"vm":"1","vcpus":1,"memoryMiB":1}}',
};

/** One document on a sound other one. */
function placeOne(document: string | Buffer, asHost: boolean): ReturnType<typeof measured> {
  const file = join(folder, 'garbage.json');
  const sound = join(folder, 'sound.json');
  writeFileSync(file, document);
  writeFileSync(sound, JSON.stringify(asHost ? SOUND_REQUEST : SOUND_HOST));
  const [host, request] = asHost ? [file, sound] : [sound, file];
  return measured(['place', '--host', host, '--request', request]);
}

function expectRefusedInOneSentence(answer: ReturnType<typeof measured>): void {
  expect(answer.code).toBe(2);
  expect(answer.stderr.endsWith('\n')).toBe(true);
  expectSentence(answer.stderr.trimEnd());
  const { vm, error } = JSON.parse(answer.stdout) as Answer;
  expect([vm, error?.summary]).toEqual([vm, answer.stderr.trimEnd()]);
  expect(answer.peakMiB).toBeLessThan(MOST_MIB);
}

describe('one document of garbage ends with exit code 2, one sentence and little memory', () => {
  test.each(Object.keys(HEAVY))('%s', name => {
    expectRefusedInOneSentence(placeOne(HEAVY[name]!(), name.endsWith('host')));
  });

  test('whatever it is, where it did harm', () => {
    const dice = diceOf(7);
    let harmed = 0;
    for (let i = 0; i < 14; i += 1) {
      const asHost = dice(2) === 0;
      const answer = placeOne(garbage(dice, asHost ? SOUND_HOST : SOUND_REQUEST), asHost);
      if (answer.code === 0 || answer.code === 3) continue;
      expectRefusedInOneSentence(answer);
      harmed += 1;
    }
    expect(harmed).toBeGreaterThanOrEqual(10);
  });
});
