import { atTheEnd, cleanUp } from './clean-ups.ts';

it('undoes the latest first, once, also after one that fails, and not what was forgotten', () => {
  const done: string[] = [];
  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  atTheEnd(() => done.push('first'));
  atTheEnd(() => {
    throw new Error('stuck');
  });
  const forget = atTheEnd(() => done.push('forgotten'));
  atTheEnd(() => done.push('last'));
  forget();
  cleanUp();
  cleanUp();
  expect(done).toEqual(['last', 'first']);
  expect(said).toHaveBeenCalledWith('Cleaning up: stuck\n');
  said.mockRestore();
});
