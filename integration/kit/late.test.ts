import { whenLate } from './late.ts';
import { processIdentity } from './process-identity.ts';
import { runProgram } from './run-program.ts';

afterEach(() => {
  whenLate(null);
});

it('lets somebody look at a program that gave no answer while it still runs, and ends it then', async () => {
  let pid = 0;
  const looks: [string, boolean][] = [];
  whenLate(async what => {
    await Promise.resolve();
    looks.push([what, processIdentity(pid) !== null]);
  });
  const end = await runProgram(['sleep', '30'], { timeoutMs: 50, onStart: started => (pid = started) });
  expect(looks).toEqual([['sleep 30 (0.05 s)', true]]);
  expect([end.code, end.stderr]).toEqual([null, '\nsleep was killed: it took longer than 0.05 s.']);
  expect(processIdentity(pid)).toBeNull();
});

it('does not look around for what looking around starts, and ends the program also where looking fails', async () => {
  let looks = 0;
  whenLate(async () => {
    looks += 1;
    await runProgram(['sleep', '30'], { timeoutMs: 20 });
    throw new Error('nothing to see');
  });
  for (const round of [1, 2]) {
    expect(await runProgram(['sleep', '30'], { timeoutMs: 20 })).toMatchObject({ code: null });
    expect(looks).toBe(round);
  }
});

it('looks at nothing that ends in time', async () => {
  const looked = jest.fn();
  whenLate(() => Promise.resolve(looked()));
  expect(await runProgram(['true'], { timeoutMs: 20_000 })).toMatchObject({ code: 0 });
  expect(looked).not.toHaveBeenCalled();
});
