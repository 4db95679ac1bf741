import { runProgram } from './run-program.ts';

test('a program gets its standard input and environment, and its output and exit code come back', async () => {
  const result = await runProgram(['sh', '-c', 'cat; echo "$WORD" >&2; exit 3'], {
    stdin: 'in',
    env: { WORD: 'env' },
  });
  expect(result).toEqual({ code: 3, stdout: 'in', stderr: 'env\n' });
});

test('a program that does not exist is an answer, not an exception', async () => {
  const { code, stderr } = await runProgram(['/nonexistent/program']);
  expect(code).toBeNull();
  expect(stderr).toMatch(/^\/nonexistent\/program could not be started: /);
});

test('a program that is too slow is killed with all that it started', async () => {
  const { code, stdout } = await runProgram(['sh', '-c', 'echo started; sleep 30 & sleep 30'], {
    timeoutMs: 300,
  });
  expect([code, stdout]).toEqual([null, 'started\n']);
});

test('nobody waits for a grandchild that keeps the output open', async () => {
  const before = Date.now();
  const { code, stdout } = await runProgram(['sh', '-c', 'sleep 15 & echo done']);
  expect([code, stdout]).toEqual([0, 'done\n']);
  // Not how fast, but that it did not wait for the 15 s.
  expect(Date.now() - before).toBeLessThan(14_000);
});
