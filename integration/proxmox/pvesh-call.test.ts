import { pveshCall } from './pvesh-call.ts';

function call(words: string, text = ''): { readonly written: string | null; readonly said: string[] } {
  let written: string | null = null;
  const said: string[] = [];
  pveshCall(words.split(' '), { text, write: now => (written = now), say: line => said.push(line) });
  return { written, said };
}

describe("the stand-in of Proxmox VE's pvesh", () => {
  test('sets the registered tags in place of those before, and leaves the rest', () => {
    const { written } = call(
      'set /cluster/options --registered-tags pin-a;pin-b',
      'keyboard: de\nregistered-tags: old\n',
    );
    expect(written).toBe('keyboard: de\nregistered-tags: pin-a;pin-b\n');
  });

  test('gets what is there', () => {
    expect(call('get /cluster/options', 'keyboard: de\n').said).toEqual(['keyboard: de']);
  });

  test.each([
    ['set /cluster/options --registered-tags pin-a;;b', 'does not match the regex pattern'],
    ['set /cluster/options --registered-tags -a', 'does not match the regex pattern'],
    ['set /cluster/options --tags a', 'Unknown option: tags'],
    ['set /cluster/options --registered-tags a b', 'too many arguments'],
    ['set /cluster/nonsense --registered-tags a', "No 'set' handler defined for '/cluster/nonsense'"],
    ['create /cluster/options', "No 'create' handler defined"],
  ])('refuses %s', (words, message) => {
    expect(() => call(words)).toThrow(message);
  });
});
