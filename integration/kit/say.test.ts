import { inVoice, say, writer } from './say.ts';
import { sleep } from './wait-until.ts';

let said = '';
beforeEach(() => {
  said = '';
  jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

it('says a line as it is where only one thing goes on', () => {
  say('resumed');
  expect(said).toBe('resumed\n');
});

it('names who says each line, also where two speak in turns and in pieces', async () => {
  const speak = (name: string) =>
    inVoice(name, async () => {
      const write = writer();
      write('half a');
      await sleep(1);
      write(` line\nand its e`);
      await sleep(1);
      write('nd');
    });
  await Promise.all([speak('[1]'), speak('[2]')]);
  expect(said.split('\n').sort()).toEqual([
    '',
    '[1] and its end',
    '[1] half a line',
    '[2] and its end',
    '[2] half a line',
  ]);
});
