import { newKeyPair } from './ssh-server.ts';

test('every key pair for tests can be read, also the one of 256 that ssh2 would spoil', () => {
  const { utils } = jest.requireActual<{ utils: { parseKey(text: string): object } }>('ssh2');
  const pairs = Array.from({ length: 2000 }, () => newKeyPair());
  const spoilt = pairs.filter(pair =>
    [pair.private, pair.public].some(key => utils.parseKey(key) instanceof Error),
  );
  expect(spoilt).toEqual([]);
});
