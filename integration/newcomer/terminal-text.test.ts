import { terminalText } from './terminal-text.ts';

describe('what somebody reads in a terminal', () => {
  test.each([
    ['colours are gone', '\x1b[1;32mok\x1b[0m', 'ok'],
    [
      'progress shows its last form',
      '(Reading ... 5%\r(Reading ... 100%\r\ndone\r\n',
      '(Reading ... 100%\ndone\n',
    ],
    ['a shorter text leaves the end of a longer one', 'working\rab', 'abrking'],
    ['an erased line is empty', 'looking: 2 of 3\r\x1b[K', ''],
    ['what is drawn at the bottom of the screen is left out', 'a\x1b7\x1b[49;0fProgress: [ 20%]\x1b8b', 'ab'],
    [
      'bracketed paste and a title are not seen',
      '\x1b[?2004h\x1b]0;root@nested\x07root@nested:~# ls',
      'root@nested:~# ls',
    ],
    [
      // What bash's readline writes where a command line reaches the margin.
      'a command that is wider than the terminal is one line',
      `${'x'.repeat(80)} \ryz`,
      `${'x'.repeat(80)}yz`,
    ],
    ['a mistyped letter is taken back', 'lz\x08s', 'ls'],
  ])('%s', (_, written, read) => {
    expect(terminalText(written)).toBe(read);
  });
});
