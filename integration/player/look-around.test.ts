import { lookAround } from './look-around.ts';

/** It starts a dozen programs on a machine that may be busy. */
jest.setTimeout(60_000);

it('says what had no answer, and shows threads, locks and the CPUs that start nothing', async () => {
  const lines: string[] = [];
  await lookAround('virsh list (30 s)', line => lines.push(line));
  expect(lines[0]).toContain('no answer in time: virsh list (30 s)');
  const below = (question: string) => {
    const start = lines.findIndex(line => line.startsWith(`    -- ${question}`));
    const length = lines.slice(start + 1).findIndex(line => line.startsWith('    -- '));
    return lines.slice(start + 1, start + 1 + length);
  };
  expect(below('threads')[0]).toMatch(/PID +TID +PPID +PSR STAT/);
  expect(below('threads').some(line => line.includes('ps -eLo'))).toBe(true);
  expect(below('CPUs on which a program').join('').trim()).toBe('');
  expect(below('locks of files')).not.toEqual([]);
});
