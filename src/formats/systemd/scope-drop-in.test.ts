import type { LedgerEntry } from '../../domain/ledger.ts';
import { readScopeDropIn, writeScopeDropIn, type ScopeDropIn } from './scope-drop-in.ts';
import { readUnitProperties } from './unit-properties.ts';

const entry: LedgerEntry = {
  vm: '101',
  claim: {
    vm: '101',
    source: 'observed',
    cells: [
      {
        hostCell: 1,
        pcpus: '4-7',
        burnt: '6-7',
        sharedVcpus: 0,
        memoryMiB: 512,
        pageSizeKiB: null,
        pages: 131072,
      },
    ],
    emulator: { policy: 'float', cpus: '4-5', share: 0 },
    devices: [],
  },
  process: '0:0',
  marker: null,
  placement: null,
  foreign: null,
};
const dropIn: ScopeDropIn = {
  entry,
  policy: { profile: 'a "quoted"\nname', onRefusal: 'strict', exclusivity: 'auto' },
  settings: { delegate: true, allowedCpus: null, allowedCells: '1' },
};

test('what is written is read back, and systemd sees only settings', () => {
  const text = writeScopeDropIn(dropIn);
  expect(readScopeDropIn(text)).toEqual(dropIn);
  const settings = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  expect(settings).toEqual(['[Scope]', 'Delegate=cpuset', 'AllowedMemoryNodes=1']);
});

test('CPUs are set only where they are asked for', () => {
  const fenced = { ...dropIn, settings: { delegate: false, allowedCpus: '4-5', allowedCells: null } };
  expect(writeScopeDropIn(fenced)).toMatch(/\n\[Scope\]\nAllowedCPUs=4-5\n$/);
  expect(readScopeDropIn(writeScopeDropIn(fenced))).toEqual(fenced);
});

test.each([
  ['nothing', ''],
  ["somebody else's drop-in", '[Scope]\nAllowedCPUs=1\n'],
  ['a comment that is cut off', writeScopeDropIn(dropIn).slice(0, 120)],
  ['a claim that would mislead', writeScopeDropIn(dropIn).replace('"pcpus":"4-7"', '"pcpus":"7-4"')],
  ['another policy word', writeScopeDropIn(dropIn).replace('"strict"', '"maybe"')],
])('%s is no drop-in of Pinfold', (_, text) => {
  expect(readScopeDropIn(text)).toBeNull();
});

test('properties of a unit are read by name, values with "=" included', () => {
  const text = 'DropInPaths=/run/a.conf /run/b.conf\nDelegate=yes\nX=a=b\n\nno property\n';
  expect([...readUnitProperties(text)]).toEqual([
    ['DropInPaths', '/run/a.conf /run/b.conf'],
    ['Delegate', 'yes'],
    ['X', 'a=b'],
  ]);
});
