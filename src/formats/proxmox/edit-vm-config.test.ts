import fc from 'fast-check';
import { ALL_CONFIGS, anyConfig, PVE_CONFIGS } from '../../testing/pve-configs.ts';
import { editVmConfig } from './edit-vm-config.ts';
import { parseVmConfig } from './parse-vm-config.ts';
import { writeVmConfig } from '../../testing/write-vm-config.ts';

const CHANGES: Readonly<Record<string, readonly string[]>> = {
  affinity: ['0-3', '8'],
  hookscript: ['local:snippets/pinfold'],
  hugepages: ['2', '1024', 'any'],
  memory: ['4096', 'current=2048'],
  numa: ['0', '1'],
  numa0: ['cpus=0-1,hostnodes=0,memory=2048,policy=bind'],
  numa7: ['cpus=0-1;4,memory=2048'],
  tags: ['pin-database', 'a;b'],
};

const anyChanges = fc
  .dictionary(fc.constantFrom(...Object.keys(CHANGES)), fc.option(fc.nat(2)), {
    minKeys: 1,
    maxKeys: 4,
    noNullPrototype: true,
  })
  .map(picks =>
    Object.fromEntries(
      Object.entries(picks).map(([key, pick]) => [
        key,
        pick === null ? null : CHANGES[key]![pick % CHANGES[key]!.length]!,
      ]),
    ),
  );

/** The text's lines but those of the main section's keys. */
function otherLines(text: string, keys: readonly string[]): string {
  const { main } = parseVmConfig(text);
  let rest = text;
  for (const line of [...main.lines].reverse())
    if (line.kind === 'value' && keys.includes(line.key))
      rest = rest.slice(0, line.start) + rest.slice(line.end);
  return rest;
}

describe.each(Object.entries(ALL_CONFIGS))('%s', (name, text) => {
  test('its lines, put together, are the text', () => {
    const { sections } = parseVmConfig(text);
    const parts = sections.flatMap(({ start, end, lines }) => [
      text.slice(start, lines[0]?.start ?? end),
      ...lines.map(line => text.slice(line.start, line.end)),
    ]);
    expect(parts.join('')).toBe(text);
    for (const { lines } of sections)
      for (const line of lines) expect(text.slice(line.start, line.start + line.text.length)).toBe(line.text);
  });

  if (name in PVE_CONFIGS)
    test('written as Proxmox VE writes what it read, it is itself', () => {
      const config = parseVmConfig(text);
      expect(config.warnings).toEqual([]);
      expect(writeVmConfig(config)).toBe(text);
    });

  test('a key that comes and goes leaves it as it was', () => {
    const once = editVmConfig(text, { 'allow-ksm': '1', watchdog: null });
    const without = editVmConfig(text, { 'allow-ksm': null, watchdog: null });
    expect(parseVmConfig(once).main.values.get('allow-ksm')).toBe('1');
    const back = editVmConfig(once, { 'allow-ksm': null });
    // A last line without its feed gets one when a line follows it.
    expect([without, `${without}\n`]).toContain(back);
  });
});

describe('what an edit touches', () => {
  test('there are 30 configurations as Proxmox VE writes them', () => {
    expect(Object.keys(PVE_CONFIGS).length).toBeGreaterThanOrEqual(30);
  });

  test('on any text, a change touches its own lines alone', () => {
    fc.assert(
      fc.property(anyConfig, anyChanges, (text, changes) => {
        const edited = editVmConfig(text, changes);
        const keys = Object.keys(changes);
        const [before, after] = [otherLines(text, keys), otherLines(edited, keys)];
        const added = after.startsWith(before) ? after.slice(before.length) : 'other lines changed';
        if (after !== before) expect(['\n', '\r\n']).toContain(added);
        const { values } = parseVmConfig(edited).main;
        for (const [key, value] of Object.entries(changes)) expect(values.get(key) ?? null).toBe(value);
        expect(editVmConfig(edited, changes)).toBe(edited);
      }),
      { numRuns: 300 },
    );
  });

  test('a new key goes where Proxmox VE would put it', () => {
    expect(
      editVmConfig('cores: 2\nmemory: 64\n\n[s1]\ncores: 1\n', {
        hookscript: 'local:snippets/pinfold',
        tags: 'a',
      }),
    ).toBe('cores: 2\nhookscript: local:snippets/pinfold\nmemory: 64\ntags: a\n\n[s1]\ncores: 1\n');
    expect(editVmConfig('#note\n\n[s1]\ncores: 1\n', { numa: '1' })).toBe(
      '#note\nnuma: 1\n\n[s1]\ncores: 1\n',
    );
    expect(editVmConfig('cores: 2\r\n', { numa: '1' })).toBe('cores: 2\r\nnuma: 1\r\n');
  });
});

describe('what an edit refuses', () => {
  test.each([
    [{ 'x-placement': '1' }, /does not know the key "x-placement" and would drop it/],
    [{ description: 'x' }, /is no key of its configuration file/],
    [{ numa8: 'cpus=0' }, /does not know the key "numa8"/],
    [{ affinity: 'zz' }, /does not take "zz" for "affinity": invalid format - unable to parse cpuset option/],
    [{ numa0: 'cpus=0-1,policy=nope' }, /does not take .* for "numa0"/],
    [{ cores: 'two' }, /type check \('integer'\) failed - got 'two'/],
    [{ tags: 'ä' }, /does not take "ä" for "tags"/],
    [{ name: 'a\nhookscript: local:snippets/evil' }, /must be one line/],
    [{ name: '' }, /must be one line/],
    [{ name: ' x' }, /must be one line/],
  ])('%j', (changes, sentence) => {
    expect(() => editVmConfig('cores: 2\n', changes)).toThrow(sentence);
  });

  test('a text with bytes that are no UTF-8, and one that grows beyond what pmxcfs keeps', () => {
    expect(() => editVmConfig('name: \uFFFD\n', { numa: '1' })).toThrow(/bytes that are no text/);
    expect(() => editVmConfig(`#${'x'.repeat(1024 * 1024)}\n`, { numa: '1' })).toThrow(
      /longer than the 1 MiB/,
    );
  });

  test('any garbage is read without a fault, and quickly', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), text => {
        expect(parseVmConfig(text).sections.at(-1)!.end).toBe(text.length);
      }),
    );
    expect(
      parseVmConfig(`a: ${' '.repeat(300_000)}b\n[${'x'.repeat(300_000)}\n`).warnings.length,
    ).toBeGreaterThan(0);
  });
});
