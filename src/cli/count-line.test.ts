import { CountLine } from './count-line.ts';

describe('the line that counts', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is drawn from the second second on, counts, and goes at the end', () => {
    const texts: string[] = [];
    const line = new CountLine(40, 'nodes read', text => texts.push(text));
    line.step();
    jest.advanceTimersByTime(900);
    expect(texts).toEqual([]);
    line.step();
    jest.advanceTimersByTime(250);
    expect(texts.at(-1)).toMatch(/^\r\x1b\[K.* 2 of 40 nodes read$/);
    line.end();
    expect(texts.at(-1)).toBe('\r\x1b[K');
    const drawn = texts.length;
    jest.advanceTimersByTime(5000);
    expect(texts).toHaveLength(drawn);
  });

  test('leaves nothing when all was over sooner', () => {
    const texts: string[] = [];
    const line = new CountLine(2, 'nodes read', text => texts.push(text));
    jest.advanceTimersByTime(700);
    line.end();
    expect(texts).toEqual([]);
  });

  test('says nothing where standard error is no terminal', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const line = new CountLine(2, 'nodes read', null);
    jest.advanceTimersByTime(5000);
    line.end();
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
  });
});
