import { checkStatusWords, type StatusWords } from './check-status-words.ts';

const none: StatusWords = {
  watch: false,
  interval: undefined,
  svg: undefined,
  html: undefined,
  host: undefined,
  replay: undefined,
  node: undefined,
  root: undefined,
  json: false,
};

test('an interval is seconds, two unless told', () => {
  expect(checkStatusWords({ ...none, watch: true }).intervalMs).toBe(2000);
  expect(checkStatusWords({ ...none, watch: true, interval: '0.5' }).intervalMs).toBe(500);
});

test('a captured state goes by both names', () => {
  expect(checkStatusWords({ ...none, replay: 'a' }).host).toBe('a');
  expect(checkStatusWords({ ...none, host: 'a' }).host).toBe('a');
});

test.each(['0', '0.1', '3601', '-1', '1e3', 'soon', '٣', '1'.repeat(400)])('%s is no interval', interval => {
  expect(() => checkStatusWords({ ...none, watch: true, interval })).toThrow(
    /^--interval takes seconds from 0\.2 to 3600, and ".*" was given\.$/,
  );
});

test.each<[string, Partial<StatusWords>]>([
  ['Both --host and --root are given', { host: 'a', root: 'b' }],
  ['Both --host and --node are given', { host: 'a', node: 'b' }],
  ['Both --node and --root are given', { node: 'a', root: 'b' }],
  ['Both --watch and --host are given', { watch: true, host: 'a' }],
  ['Both --host and --replay are given', { host: 'a', replay: 'a' }],
  ['Both --replay and --root are given', { replay: 'a', root: 'b' }],
  ['Both --replay and --node are given', { replay: 'a', node: 'b' }],
  ['Both --watch and --replay are given', { watch: true, replay: 'a' }],
  ['Both --watch and --svg are given', { watch: true, svg: 'a' }],
  ['Both --watch and --html are given', { watch: true, html: 'a' }],
  ['Only one of --svg -, --html - and --json', { svg: '-', json: true }],
  ['Only one of --svg -, --html - and --json', { svg: '-', html: '-' }],
  ['--interval tells how often --watch draws', { interval: '1' }],
])('%s: wrong usage', (message, words) => {
  expect(() => checkStatusWords({ ...none, ...words })).toThrow(message);
});
