import { openDriverCall } from './open-driver-call.ts';

describe('how long the other host of a migration may take', () => {
  const before = process.env['PINFOLD_TIMEOUT'];
  afterEach(() => {
    jest.restoreAllMocks();
    if (before === undefined) delete process.env['PINFOLD_TIMEOUT'];
    else process.env['PINFOLD_TIMEOUT'] = before;
  });

  const answerMs = (limit: string, sinceStart: number) => {
    process.env['PINFOLD_TIMEOUT'] = limit;
    const { migration } = openDriverCall(['arrive']);
    jest.spyOn(process, 'uptime').mockReturnValue(sinceStart);
    return migration.answerMs;
  };

  test('ends before the wrapper ends this program, whatever the lock and virsh took of its time', () => {
    for (const spent of [0, 3, 10, 14]) expect(answerMs('20', spent)).toBe((16 - spent) * 1000);
    expect(answerMs('60', 10)).toBe(38_000);
  });

  test('is a second at least, and follows the usual limit where the operator’s is none', () => {
    expect(answerMs('20', 18)).toBe(1000);
    expect(answerMs('soon', 1)).toBe(15_000);
  });
});
