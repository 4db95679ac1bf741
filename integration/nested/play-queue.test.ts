import type { ScenarioOutcome } from '../player/play.ts';
import { playQueue } from './play-queue.ts';
import { ScenarioQueue } from './scenario-queue.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const queue = () =>
  new ScenarioQueue(
    NAMES.map(name => ({ name, isProxmox: false, isLong: false, startsMany: false, hasReboot: false })),
  );
const outcome = (name: string, passed = true): ScenarioOutcome => ({
  name,
  passed,
  seconds: 1,
  checks: 1,
  failure: passed ? '' : 'it must be otherwise',
});

/** Plays all six with this player; tells what was played on which machine, what was heard, and which machine could be one that is up. */
async function play(
  playOn: (names: readonly string[], machine: number) => readonly ScenarioOutcome[],
  comesUp: (machine: number) => boolean = () => true,
) {
  const [played, mayHaveBeenUp, heard] = [[] as string[], [] as boolean[], [] as string[]];
  const work = playQueue<number>(
    queue(),
    {
      withMachine: async (use, mayBeUp) => {
        mayHaveBeenUp.push(mayBeUp);
        if (!comesUp(mayHaveBeenUp.length)) throw new Error('It did not come up.');
        await use(mayHaveBeenUp.length);
      },
      playPiece: (machine, names) => {
        played.push(`${machine}: ${names.join(' ')}`);
        return Promise.resolve(playOn(names, machine));
      },
    },
    {
      machines: 1,
      mayBeUp: true,
      hear: outcomes => heard.push(...outcomes.map(({ name, passed }) => (passed ? name : `${name}!`))),
    },
  );
  const error = await work.then(
    () => null,
    (reason: unknown) => String(reason),
  );
  return { played, mayHaveBeenUp, heard, error };
}

beforeEach(() => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
});

it('plays all of a queue on one machine while everything passes', async () => {
  const { played, mayHaveBeenUp, heard, error } = await play(names => names.map(name => outcome(name)));
  expect(error).toBeNull();
  expect(played).toEqual(['1: a b c', '1: d', '1: e', '1: f']);
  expect(mayHaveBeenUp).toEqual([true]);
  expect(heard).toEqual(NAMES);
});

it('leaves a machine on which a scenario failed, and plays what is left on a fresh one', async () => {
  const { played, mayHaveBeenUp, heard } = await play(names =>
    names.map(name => outcome(name, name !== 'd')),
  );
  expect(played).toEqual(['1: a b c', '1: d', '2: e', '2: f']);
  expect(mayHaveBeenUp).toEqual([true, false]);
  expect(heard).toEqual(['a', 'b', 'c', 'd!', 'e', 'f']);
});

it('leaves a machine that did not get to all of its scenarios, and plays none of them twice', async () => {
  const { played, heard } = await play((names, machine) =>
    machine === 1 ? [outcome('a')] : names.map(name => outcome(name)),
  );
  expect(played).toEqual(['1: a b c', '2: d', '2: e', '2: f']);
  expect(heard).toEqual(['a', 'd', 'e', 'f']);
});

it('plays on with a fresh machine where the link to one is lost', async () => {
  const { played, heard, error } = await play((names, machine) => {
    if (machine === 1) throw new Error('The link is lost.');
    return names.map(name => outcome(name));
  });
  expect(error).toBeNull();
  expect(played).toEqual(['1: a b c', '2: d', '2: e', '2: f']);
  expect(heard).toEqual(['d', 'e', 'f']);
});

it('gives up where a machine does not come up', async () => {
  expect(
    await play(
      () => [],
      () => false,
    ),
  ).toMatchObject({
    played: [],
    mayHaveBeenUp: [true],
    error: 'Error: It did not come up.',
  });
});
