import { ProgressBar } from './progress-bar.ts';

describe('the bar of work in parts', () => {
  const texts: string[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    texts.length = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const barOf = () =>
    new ProgressBar(
      [
        { name: 'web to CPUs 4-7', seconds: 2 },
        { name: 'its memory', seconds: 2 },
      ],
      text => texts.push(text),
    );

  test('names the part, grows with what the earlier ones weigh, and goes at the end', () => {
    const bar = barOf();
    bar.begin(0);
    jest.advanceTimersByTime(1000);
    expect(texts.at(-1)).toMatch(/█{3}░{7} 1 of 2: web to CPUs 4-7$/);
    bar.begin(1);
    expect(texts.at(-1)).toMatch(/█{5}░{5} 2 of 2: its memory$/);
    bar.end();
    expect(texts.at(-1)).toBe('\r\x1b[K');
  });

  test('is never full before the work is over', () => {
    const bar = barOf();
    bar.begin(1);
    jest.advanceTimersByTime(60_000);
    expect(texts.at(-1)).toMatch(/█{9}░ 2 of 2/);
    bar.end();
  });

  test('listens for Ctrl-C only while it stands there', () => {
    const before = process.listenerCount('SIGINT');
    const bar = barOf();
    bar.begin(0);
    expect(process.listenerCount('SIGINT')).toBe(before);
    jest.advanceTimersByTime(1500);
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    bar.end();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
