import { AppError, EXIT } from '../domain/app-error.ts';
import { readEach } from './read-each.ts';

const names = ['n1', 'n2', 'n3', 'n4', 'n5'];

test('answers in the order of the names, whoever comes first', async () => {
  const { answers, failed, abandoned } = await readEach(
    names,
    async name => {
      await new Promise(resolve => setTimeout(resolve, name === 'n1' ? 20 : 1));
      return name.toUpperCase();
    },
    { limit: 5, deadlineMs: 5000 },
  );
  expect(answers.map(({ answer }) => answer)).toEqual(['N1', 'N2', 'N3', 'N4', 'N5']);
  expect([failed, abandoned]).toEqual([[], false]);
});

test.each([1, 2, 5])('never reads more than %i at a time', async limit => {
  let now = 0;
  let most = 0;
  await readEach(
    names,
    async () => {
      most = Math.max(most, ++now);
      await new Promise(resolve => setTimeout(resolve, 1));
      now -= 1;
    },
    { limit, deadlineMs: 5000 },
  );
  expect(most).toBe(limit);
});

test('names those that fail or never answer, and reads the others', async () => {
  const { answers, failed, abandoned } = await readEach(
    names,
    name => {
      if (name === 'n2') throw new AppError('node-unreachable', EXIT.unreachable, 'n2 is away.');
      if (name === 'n3') return Promise.reject(new Error('odd\nstack'));
      return name === 'n4' ? new Promise<string>(() => undefined) : Promise.resolve(name);
    },
    { limit: 2, deadlineMs: 30 },
  );
  expect(answers.map(({ name }) => name)).toEqual(['n1', 'n5']);
  expect(failed).toEqual([
    { name: 'n2', reason: 'n2 is away.' },
    { name: 'n3', reason: 'It could not be read (odd).' },
    { name: 'n4', reason: 'It did not answer within 0.03 s.' },
  ]);
  expect(abandoned).toBe(true);
});
